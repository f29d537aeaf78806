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
from opsctl.sandbox.engine.calls import Call, call_of
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
        if claim.service not in small_services():
            return None
        call = call_of(environ, claim, account)
        operation = small_services()[claim.service].get(call.operation) if call else None
        if call is None or operation is None:
            return None
        kept = self.kept.setdefault((account, call.service), {})
        try:
            result = operation(SmallCall(account, call.region, call.params, kept))
        except Fault as refused:
            return _refused(refused, start_response)
        return _sent(call, result, start_response)


def _refused(refused: Fault, start_response: Any) -> Iterable[bytes]:
    """Write a refusal; all of these services speak JSON."""
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", refused.code)]
    start_response("400 Bad SmallCall", headers)
    return [json.dumps({"__type": refused.code, "message": refused.message}).encode()]


def _sent(call: Call, result: Json, start_response: Any) -> Iterable[bytes]:
    """Write an answer as the service's protocol has it."""
    from moto.core.serialize import get_serializer_class
    from moto.core.utils import get_service_model

    model = get_service_model(call.service)
    writer = get_serializer_class(call.service, call.protocol)(
        operation_model=model.operation_model(call.operation)
    )
    told = writer.serialize(result)
    start_response(
        f"{told['status_code']} Answered", [(name, str(value)) for name, value in told["headers"].items()]
    )
    body = told["body"]
    return [body if isinstance(body, bytes) else body.encode()]
