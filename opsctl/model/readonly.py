"""Which API operations only read: an allow-list, made from the service models and gone through by service.

`reads.txt` has every read there is, a line for each boto3 client; `not_reads.txt` has what is named like a read
and is none, with the reason. An operation on neither, which a newer SDK may bring, is no read either.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from opsctl.model.value import Json

NAMED_LIKE_A_READ = re.compile(r"(Describe|List|Get|Head|BatchGet|Lookup)([A-Z0-9]|$)")

# They only read, and are named as no other read is.
READS_BY_NAME: Mapping[str, str] = {
    "iam.SimulatePrincipalPolicy": "evaluates policies and keeps nothing: asked before a plan is applied",
    "logs.FilterLogEvents": "looks log events up, as GetLogEvents does for one stream",
    "wafv2.CheckCapacity": "adds the capacity units of rules up and keeps nothing",
}

# What some reads hand out depends on a parameter: its name, the values that leave it a read, and what it adds.
ONLY_WITH: Mapping[str, tuple[str, tuple[Json, ...], str]] = {
    "apigateway.GetApiKey": ("includeValue", (None, False), "the key itself"),
    "apigateway.GetApiKeys": ("includeValues", (None, False), "the keys themselves"),
    "datazone.GetConnection": ("withSecret", (None, False), "the connection's secret"),
    "glue.GetConnection": ("HidePassword", (True,), "the connection's password"),
    "glue.GetConnections": ("HidePassword", (True,), "the connections' passwords"),
    "logs.FilterLogEvents": ("unmask", (None, False), "what data protection masks"),
    "logs.GetLogEvents": ("unmask", (None, False), "what data protection masks"),
    "logs.GetLogRecord": ("unmask", (None, False), "what data protection masks"),
    "ssm.GetParameter": ("WithDecryption", (None, False), "the secret decrypted"),
    "ssm.GetParameterHistory": ("WithDecryption", (None, False), "the secrets decrypted"),
    "ssm.GetParameters": ("WithDecryption", (None, False), "the secrets decrypted"),
    "ssm.GetParametersByPath": ("WithDecryption", (None, False), "the secrets decrypted"),
}

_WORDS = {
    "secret": "hands out what is to be kept secret: {}",
    "acts": "does more than read: {}",
    "contents": "hands out what is stored, not how the account is set up: {}",
}
_HERE = Path(__file__).parent


def is_read_only(service: str, operation: str, params: Mapping[str, Json] | None = None) -> bool:
    """Tell whether a call changes nothing and hands out no secret."""
    return not why_no_read(service, operation, params)


def why_no_read(service: str, operation: str, params: Mapping[str, Json] | None = None) -> str:
    """Return why a call is no read, in words that follow its name; nothing when it is one.

    A parameter that decides it has to be there as what it is: an expression in its place is refused.
    """
    api = f"{service}.{operation}"
    if operation not in _reads().get(service, frozenset()):
        _, reason = not_reads().get(api, ("", ""))
        return reason or "is not on the list of operations that only read"
    if api in ONLY_WITH:
        name, allowed, adds = ONLY_WITH[api]
        given = (params or {}).get(name)
        if not any(given is one for one in allowed):
            return f"hands out {adds} unless {name} is {'true' if True in allowed else 'false'}"
    return ""


def clients_with_reads() -> frozenset[str]:
    """Return the names of the boto3 clients that have any read."""
    return frozenset(_reads())


@cache
def not_reads() -> Mapping[str, tuple[str, str]]:
    """Return what is named like a read and is none: `service.Operation` to its class and why, in words."""
    found: dict[str, tuple[str, str]] = {}
    for line in _lines("not_reads.txt"):
        head, _, reason = line.partition(": ")
        service, kind, operations = head.split()
        for operation in operations.split(","):
            found[f"{service}.{operation}"] = kind, _WORDS[kind].format(reason)
    return found


def listed_reads() -> frozenset[str]:
    """Return everything on the list of reads, as `service.Operation`."""
    return frozenset(f"{service}.{name}" for service, names in _reads().items() for name in names)


@cache
def _reads() -> Mapping[str, frozenset[str]]:
    found = {}
    for line in _lines("reads.txt"):
        service, *operations = line.split()
        found[service] = frozenset(operations)
    return found


def _lines(name: str) -> list[str]:
    text = (_HERE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
