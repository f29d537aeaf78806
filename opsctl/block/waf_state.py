"""What AWS WAF looks like before a block: the web ACL, our rules, our sets."""

import re
from collections.abc import Collection, Mapping, Sequence

from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.webacl import IpSet, WebAcl, ip_sets_in, parse_ip_set, parse_web_acl
from opsctl.block.waf_objects import IP_SET, WEB_ACL, WafKey, list_objects
from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import Fetching, fetch, gather
from opsctl.model.fetching import require as require_answer
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.value import Json, Value


class WafState(Value):
    """The state found. `web_acl` is None when one has to be made; `sets` are ours, by the name we give them.

    `rules` maps the names of our rules that are in place to the ARN of the set they refer to; `listed` are the
    rules as AWS sends them. Both are numbered from 2 where one does not suffice.
    """

    key: WafKey | None = None
    web_acl: WebAcl | None = None
    capacity: int = 0
    sets: dict[str, IpSet] = {}
    rules: dict[str, str] = {}
    listed: tuple[Json, ...] = ()

    @property
    def name(self) -> str:
        """The web ACL's name."""
        return self.web_acl.name if self.web_acl else ""


def is_numbered(name: str, first: str) -> bool:
    """Tell whether a name is another one's with a number from 2 behind it."""
    return re.fullmatch(rf"{re.escape(first)}-([2-9]|[1-9]\d+)", name) is not None


def state_reads(web_acl: str, scope: str, region: str) -> list[Read]:
    """Return what `read_state` asks for first: IP sets, then the web ACL, or all web ACLs where there is none.

    The whole document is only looked at when it has to be written back; asking for it now saves a round.
    """
    sets = list_objects(IP_SET, scope, region)
    if not web_acl:
        return [sets, list_objects(WEB_ACL, scope, region)]
    found = WafKey.of_arn(WEB_ACL, web_acl, region).read()
    return [sets, found, found.model_copy(update={"whole": True})]


def read_state(
    web_acl: str,
    scope: str,
    region: str,
    own_name: str,
    own_sets: Mapping[str, str],
    forwarded: Forwarded | None = None,
) -> Fetching[WafState]:
    """Read everything a block needs to know, in at most three rounds.

    `own_name` is the name of the web ACL that an earlier run would have made; `own_sets` maps the names of our
    first sets to those of our first rules, which look at the source, or with `forwarded` at that header; those
    with a number behind their names are found as well.

    Raises:
        FactUnknown: WAF cannot be read.
    """
    sets_read, acl_read, *whole = state_reads(web_acl, scope, region)
    listed, told, *_ = yield from gather([*map(require_answer, (sets_read, acl_read)), *map(_ahead, whole)])
    key: WafKey | None
    if web_acl:
        key, raw = WafKey.of_arn(WEB_ACL, web_acl, region), told
    else:
        key, raw = yield from _own_web_acl(told, own_name, region)
    rules = _own_rules(raw, own_sets.values(), forwarded) if raw else {}
    arns = {item["Name"]: item["ARN"] for item in listed.get("IPSets") or []}
    numbered = {
        name: rule + name.removeprefix(first)
        for first, rule in own_sets.items()
        for name in (first, *(one for one in arns if is_numbered(one, first)))
    }
    ours = {name: rules.get(rule) or arns.get(name, "") for name, rule in numbered.items()}
    needed = dict.fromkeys([*(arn for arn in ours.values() if arn), *(ip_sets_in(raw) if raw else [])])
    sets = yield from _read_sets(list(needed), region, required={arn for arn in ours.values() if arn})
    acl = raw["WebACL"] if raw else {}
    return WafState(
        key=key if raw else None,
        web_acl=parse_web_acl(raw, sets) if raw else None,
        capacity=int(acl.get("Capacity", 0)),
        sets={name: sets[arn] for name, arn in ours.items() if arn in sets},
        rules=rules,
        listed=tuple(acl.get("Rules") or ()),
    )


def _ahead(read: Read) -> Fetching[Json]:
    """Make a read now whose answer is asked for later, if at all."""
    yield from fetch(read)
    return None


def _own_web_acl(names: Json, own_name: str, region: str) -> Fetching[tuple[WafKey | None, Json]]:
    """Find the web ACL that an earlier run made and did not attach, or whose association was taken away."""
    for item in names.get("WebACLs") or []:
        if item["Name"] == own_name:
            key = WafKey.of_arn(WEB_ACL, item["ARN"], region)
            raw = yield from require_answer(key.read())
            return key, raw
    return None, None


def _own_rules(raw: Json, names: Collection[str], forwarded: Forwarded | None) -> dict[str, str]:
    found = {}
    for rule in raw["WebACL"].get("Rules") or []:
        statement = rule.get("Statement") or {}
        reference = statement.get("IPSetReferenceStatement") or {}
        source = "" if reference.get("IPSetForwardedIPConfig") else str(reference.get("ARN", ""))
        arn = forwarded.states(statement) if forwarded else source
        if arn and any(rule["Name"] == name or is_numbered(rule["Name"], name) for name in names):
            found[rule["Name"]] = arn
    return found


def _read_sets(arns: Sequence[str], region: str, required: set[str]) -> Fetching[dict[str, IpSet]]:
    reads = [WafKey.of_arn(IP_SET, arn, region).read() for arn in arns]
    if not reads:
        return {}
    answers = yield reads
    sets = {}
    for arn, answer in zip(arns, answers, strict=True):
        if answer.refusal is None:
            sets[arn] = parse_ip_set(answer.value["IPSet"])
        elif arn in required and answer.refusal.kind is not RefusalKind.MISSING:
            raise FactUnknown(answer.refusal)
    return sets
