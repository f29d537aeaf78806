"""How many IP sets and web ACLs an account may have in a scope and Region: looked at before a plan makes more.

Rules of AWS: AWS WAF developer guide, AWS WAF quotas (100 IP sets and 100 web ACLs for each account and Region,
more on request). Service Quotas names them by scope, "Maximum IP sets per account in WAF for regional"; those of
CloudFront are counted in us-east-1, where its objects are.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from opsctl.block.records import LIST_PREFIX
from opsctl.block.waf_objects import IP_SET, WEB_ACL, WafKind, list_objects
from opsctl.model.changes import Change
from opsctl.model.commands import look_command
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.sentences import first_few
from opsctl.model.value import Json, Value

AT_MOST = 100
"""Of either kind, where nobody has asked for more."""

_MAKING = {"CreateIPSet": IP_SET, "CreateWebACL": WEB_ACL}
_SCOPES = {"REGIONAL": "regional", "CLOUDFRONT": "cloudfront"}
_SHOWN = 5


class _Room(Value):
    """One kind of object in one scope and Region."""

    kind: WafKind
    scope: str
    region: str


def require_places(changes: Iterable[Change], instead: Sequence[str] = ()) -> Fetching[None]:
    """Refuse changes that would make more IP sets or web ACLs than the account may have.

    The quota itself is read only where 100 do not suffice. `instead` is what would do without another IP set.

    Raises:
        RefusedByGuard: there is no place, with what takes the places.
    """
    for room, more in _made(changes).items():
        (answer,) = yield [list_objects(room.kind, room.scope, room.region)]
        listed = answer.value.get(room.kind.member) or [] if answer.refusal is None else []
        if len(listed) + more > AT_MOST:
            limit, doubt = yield from _quota(room)
            if len(listed) + more > limit:
                ways = instead if room.kind is IP_SET else ()
                raise _refused(room, [one["Name"] for one in listed], more, f"{limit}{doubt}", ways)


def _made(changes: Iterable[Change]) -> Mapping[_Room, int]:
    found: dict[_Room, int] = {}
    for one in changes:
        if one.service == "wafv2" and one.operation in _MAKING:
            room = _Room(kind=_MAKING[one.operation], scope=str(one.params["Scope"]), region=one.region or "")
            found[room] = found.get(room, 0) + 1
    return found


def _quota(room: _Room) -> Fetching[tuple[int, str]]:
    """Return how many there may be; where that cannot be read, as many as every account may have."""
    params = {"ServiceCode": "wafv2"}
    (answer,) = yield [
        Read(service="service-quotas", operation="ListServiceQuotas", params=params, region=room.region)
    ]
    if answer.refusal is not None:
        return AT_MOST, f" (the quota could not be read, so {AT_MOST} is assumed: {answer.refusal.code})"
    found = parse_quota(answer.value, room.kind, room.scope)
    return (found, "") if found else (AT_MOST, f" (Service Quotas does not tell, so {AT_MOST} is assumed)")


def parse_quota(answer: Json, kind: WafKind, scope: str) -> int:
    """Find the quota of a kind and scope in ListServiceQuotas by its name; 0 where it is not there."""
    named = re.compile(rf"maximum {kind.what}s per account .*{_SCOPES[scope]}", re.IGNORECASE)
    values = [one.get("Value") for one in answer.get("Quotas") or [] if named.match(str(one.get("QuotaName", "")))]
    return int(next(iter(values), 0) or 0)


def _refused(room: _Room, names: Sequence[str], more: int, limit: str, instead: Sequence[str]) -> RefusedByGuard:
    where = "of scope CLOUDFRONT" if room.scope == "CLOUDFRONT" else f"in {room.region}"
    what = f"{room.kind.what}s"
    return RefusedByGuard(
        f"the account has {len(names)} of {limit} {what} {where}, and the plan needs {more} more; "
        "nothing was changed",
        _instead(room.kind, instead),
        evidence=list(occupants(names, what)),
    )


def occupants(names: Sequence[str], what: str) -> Iterable[str]:
    """Say whose the objects are that take the places: opsctl's lists, opsctl's others, everybody else's."""
    lists = [one for one in names if one.startswith(LIST_PREFIX)]
    ours = [one for one in names if one.startswith("opsctl-") and one not in lists]
    others = [one for one in names if not one.startswith("opsctl-")]
    for some, whose in (
        (ours, f"{what} of opsctl"),
        (lists, "lists of opsctl's blocks"),
        (others, f"{what} of others"),
    ):
        if some:
            yield f"{len(some)} {whose}: {first_few(sorted(some), _SHOWN)}"


def _instead(kind: WafKind, known: Sequence[str]) -> str:
    if known:
        return f"put the addresses into a set that is there, with {first_few(known, 2, ' or ')}"
    more = f"ask for more {kind.what}s (Service Quotas, wafv2)"
    if kind is WEB_ACL:
        return f"delete web ACLs that protect nothing, or {more}"
    return f"take away blocks that are done with ({look_command('blocks list')}), or {more}"
