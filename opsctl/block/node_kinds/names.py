"""Following a DNS name through the account's own hosted zones, without asking any DNS server."""

from opsctl.block.topology.finding import is_address
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal
from opsctl.model.value import Value
from opsctl.resources import route53
from opsctl.resources.route53 import Record, Zone

_LONGEST_CHAIN = 10


class NameStep(Value):
    """What one name leads to: other names and addresses, with what tells the answers apart.

    `found` is false when no zone of the account holds the name.
    """

    found: bool = False
    targets: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def one_step(name: str, survey: Survey) -> Fetching[NameStep]:
    """Look a name up in the hosted zones that may hold it: the longest public one first, then private ones."""
    zones = yield from survey.ask(route53.list_hosted_zones(), route53.parse_zones)
    if isinstance(zones, Refusal):
        return NameStep(unknown=(cannot_tell(f"what {name} leads to", zones),))
    holding = sorted(
        (zone for zone in zones if name == zone.name or name.endswith(f".{zone.name}")),
        key=lambda zone: (zone.private, -len(zone.name)),
    )
    listed = yield from survey.ask_each([route53.list_records(zone.id) for zone in holding], route53.parse_records)
    unknown = tuple(
        cannot_tell(f"what zone {zone.name} says about {name}", records)
        for zone, records in zip(holding, listed, strict=True)
        if isinstance(records, Refusal)
    )
    answers = [
        (zone, found)
        for zone, records in zip(holding, listed, strict=True)
        if not isinstance(records, Refusal) and (found := _matching(name, zone, records))
    ]
    return _chosen(name, answers, unknown)


def resolve(name: str, survey: Survey) -> Fetching[NameStep]:
    """Follow a name to where the account's zones know no further: foreign or AWS names, and addresses."""
    ends: dict[str, str] = {}
    unknown: list[str] = []
    pending, seen = [name], {name}
    for _ in range(_LONGEST_CHAIN):
        following: list[str] = []
        for one in pending:
            step = yield from one_step(one, survey)
            unknown += step.unknown
            if not step.found:
                ends[one] = ""
            for target, _ in step.targets:
                if is_address(target):
                    ends[target] = ""
                elif target not in seen:
                    seen.add(target)
                    following.append(target)
        pending = following
        if not pending:
            break
    return NameStep(found=name not in ends, targets=tuple(ends.items()), unknown=tuple(dict.fromkeys(unknown)))


def _chosen(name: str, answers: list[tuple[Zone, tuple[Record, ...]]], unknown: tuple[str, ...]) -> NameStep:
    if not answers:
        return NameStep(unknown=unknown)
    best = answers[0][0]
    records = [
        record
        for zone, found in answers
        if (zone.name, zone.private) == (best.name, best.private)
        for record in found
    ]
    targets: dict[str, str] = {}
    for record in records:
        for value in (record.alias, *record.values):
            if value:
                target = value if is_address(value) else route53.plain_target(value)
                targets.setdefault(target, record.variant)
    remarks = []
    if best.private:
        remarks.append(f"{name} is in private zone {best.name}: only its VPCs resolve it")
    elif any(zone.private for zone, _ in answers):
        remarks.append(f"a private zone answers {name} differently inside its VPCs")
    return NameStep(
        found=True,
        targets=tuple(targets.items()),
        unknown=unknown,
        remarks=tuple(remarks),
    )


def _matching(name: str, zone: Zone, records: dict[str, tuple[Record, ...]]) -> tuple[Record, ...]:
    """Return the records for a name, by itself or through the closest wildcard (RFC 4592)."""
    if name in records:
        return records[name]
    parent = name
    while parent != zone.name and "." in parent:
        parent = parent.partition(".")[2]
        if f"*.{parent}" in records:
            return records[f"*.{parent}"]
        if parent in records and parent != zone.name:
            return ()
    return ()
