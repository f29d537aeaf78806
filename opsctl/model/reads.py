"""A read of the account as data, and what came of it."""

from enum import StrEnum
from functools import cached_property

from pydantic import ConfigDict

from opsctl.model.value import Json, Value, canonical


class Read(Value):
    """One read-only API call: boto3 client name, the API's own operation name, parameters.

    `region` None means the region of the run. Pages are always merged. `whole` asks for the answer with
    nothing left out, for documents that are written back: it fails when the SDK does not know a member.
    """

    model_config = ConfigDict(ignored_types=(cached_property,))

    service: str
    operation: str
    params: dict[str, Json] = {}
    region: str | None = None
    whole: bool = False

    @cached_property
    def key(self) -> str:
        """The text under which equal reads are the same read."""
        return canonical([self.service, self.operation, self.params, self.region, self.whole])

    @property
    def api(self) -> str:
        """`service.Operation`, as messages and playbooks write it."""
        return f"{self.service}.{self.operation}"


class RefusalKind(StrEnum):
    """Why AWS did not answer, or did not do, what was asked."""

    DENIED = "denied"
    MISSING = "missing"
    CONFLICT = "conflict"
    THROTTLED = "throttled"
    INVALID = "invalid"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"


_BY_THEMSELVES = ("NotSupported", "UnknownService")
"""Codes of opsctl's own whose message says all."""


class Refusal(Value):
    """A refusal by AWS, translated once: its kind, AWS's own code and words, and the request id."""

    kind: RefusalKind
    code: str
    message: str
    api: str
    request_id: str = ""

    def __str__(self) -> str:
        words = {
            RefusalKind.DENIED: "access denied",
            RefusalKind.MISSING: "not found",
            RefusalKind.CONFLICT: "conflict",
            RefusalKind.THROTTLED: "throttled",
            RefusalKind.INVALID: "refused as invalid",
            RefusalKind.UNREACHABLE: "no connection",
            RefusalKind.UNREADABLE: "the response of the service could not be parsed",
        }[self.kind]
        if self.code in _BY_THEMSELVES:
            return f"{self.api}: {self.message}"
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{words} at {self.api} ({self.code}{request}): {self.message}"


class Answer(Value):
    """What a read came to: a value, or a refusal that whoever asked has to deal with."""

    value: Json = None
    refusal: Refusal | None = None

    @property
    def known(self) -> bool:
        """Whether AWS answered; a resource that does not exist is an answer too."""
        return self.refusal is None or self.refusal.kind is RefusalKind.MISSING
