"""Services that moto lacks, of which a few operations are enough: read by the SDK's models, kept in memory.

A service is a module of `opsctl/sandbox/rules/small` with `SERVICE`, the SDK's name, and `OPERATIONS` by their
names. Any other operation is answered as one that the sandbox does not have.
"""

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.calls import CBOR, Call, call_of, speaks_cbor
from opsctl.sandbox.engine.door import Claim
from opsctl.sandbox.rules import small


@dataclass(frozen=True)
class SmallCall:
    """One request: whose, where, with which parameters, and what is kept of the account for the service."""

    account: str
    region: str
    params: dict[str, Json]
    kept: dict[str, Any]


Operation = Callable[[SmallCall], Json]


class Fault(Exception):
    """A refusal of the service: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@cache
def small_services() -> dict[str, dict[str, Operation]]:
    """Return the operations of each service, by the SDK's names."""
    found: dict[str, dict[str, Operation]] = {}
    for info in pkgutil.iter_modules(small.__path__, f"{small.__name__}."):
        module = importlib.import_module(info.name)
        found[module.SERVICE] = module.OPERATIONS
    return found


@dataclass
class SmallServices:
    """What the accounts have of these services."""

    kept: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def answer(
        self, environ: dict[str, Any], start_response: Any, claim: Claim, account: str
    ) -> Iterable[bytes] | None:
        """Answer a request, or return None where it is of no such service or operation."""
        if claim.service not in small_services() and not speaks_cbor(environ):
            return None
        call = call_of(environ, claim, account)
        operation = small_services().get(call.service, {}).get(call.operation) if call else None
        if operation is None and speaks_cbor(environ):
            lacking = f"{call.service}.{call.operation}" if call else "this"
            return _refused(Fault("InvalidAction", f"the sandbox does not have {lacking}"), CBOR, start_response)
        if call is None or operation is None:
            return None
        kept = self.kept.setdefault((account, call.service), {})
        try:
            result = operation(SmallCall(account, call.region, call.params, kept))
        except Fault as refused:
            return _refused(refused, call.protocol, start_response)
        return _sent(call, result, start_response)


def _refused(refused: Fault, protocol: str, start_response: Any) -> Iterable[bytes]:
    """Write a refusal, in CBOR or as all other of these services do, in JSON."""
    if protocol == CBOR:
        told = {"__type": refused.code, "message": refused.message}
        return _in_cbor(told, {"__type": "string", "message": "string"}, "400 Refused", start_response)
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", refused.code)]
    start_response("400 Bad SmallCall", headers)
    return [json.dumps({"__type": refused.code, "message": refused.message}).encode()]


def _sent(call: Call, result: Json, start_response: Any) -> Iterable[bytes]:
    """Write an answer as the service's protocol has it."""
    from moto.core.serialize import get_serializer_class
    from moto.core.utils import get_service_model

    model = get_service_model(call.service)
    if call.protocol == CBOR:
        shape = model.operation_model(call.operation).output_shape
        return _in_cbor(result, shape, "200 OK", start_response)
    writer = get_serializer_class(call.service, call.protocol)(
        operation_model=model.operation_model(call.operation)
    )
    told = writer.serialize(result)
    start_response(
        f"{told['status_code']} Answered", [(name, str(value)) for name, value in told["headers"].items()]
    )
    body = told["body"]
    return [body if isinstance(body, bytes) else body.encode()]


def _in_cbor(result: Json, shape: Any, status: str, start_response: Any) -> Iterable[bytes]:
    """Write an answer by the SDK's own writer of requests: both directions have one form."""
    from botocore.model import DenormalizedStructureBuilder
    from botocore.serialize import create_serializer

    if isinstance(shape, dict):
        members = {name: {"type": kind} for name, kind in shape.items()}
        shape = DenormalizedStructureBuilder().with_members(members).build_model()
    body = bytearray()
    create_serializer(CBOR, include_validation=False)._serialize_data_item(body, result, shape)
    start_response(status, [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")])
    return [bytes(body)]
