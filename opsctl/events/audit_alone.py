"""Finds what is wrong with what stands alone: programs that send to several queues, and buses without an archive.

Sources: EventBridge guide, "Archiving events" (kept for ever where no retention is given; events are there about
ten minutes after they came).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from opsctl.events.arns import named
from opsctl.events.audit_rules import EventFinding, event_finding
from opsctl.events.region_lists import RegionLists
from opsctl.model.commands import Commands
from opsctl.model.value import Json
from opsctl.resources.resource_policies import as_list, is_about, statements_of

_SEVERAL = 2
_RECENT_S = 86_400
_SOUND = ("ENABLED", "CREATING", "UPDATING")


def senders(lists: RegionLists, policies: Mapping[str, str], commands: Commands) -> Iterator[EventFinding]:
    """Programs that send to several queues themselves, by the queues' policies and functions' settings."""
    queues: dict[str, set[str]] = defaultdict(set)
    for arn, policy in policies.items():
        for role in _roles_in(policy):
            queues[f"role {role.rpartition('/')[2]}"].add(arn.rpartition(":")[2])
    names = {arn.rpartition(":")[2] for arn in policies}
    for one in lists.items("functions", "Functions"):
        variables = ((one.get("Environment") or {}).get("Variables") or {}).values()
        queues[f"function {one['FunctionName']}"] |= {
            name for name in names for value in variables if _names_queue(str(value), name)
        }
    for who, found in sorted(queues.items()):
        if len(found) >= _SEVERAL:
            listed = sorted(found)
            flags = [word for name in listed for word in ("--queue", name)]
            yield event_finding(
                "sends-itself",
                resource=who,
                arn=who,
                what=f"it may send to {', '.join(listed)}",
                fix=commands.opsctl("fanout", "create", "TOPIC", *flags, "--raw-delivery", "--dry-run"),
            )


def archives(lists: RegionLists, used: Collection[str], commands: Commands, now: float) -> Iterator[EventFinding]:
    """Buses that are used and have no archive, and archives that keep nothing, or everything for ever."""
    if "archives" not in lists.told:
        return
    listed = list(lists.items("archives", "Archives"))
    archived = {str(one.get("EventSourceArn")) for one in listed if one.get("State", "ENABLED") in _SOUND}
    for one in lists.items("event buses", "EventBuses"):
        if str(one["Arn"]) in used and str(one["Arn"]) not in archived:
            fix = commands.opsctl("events", "archive", str(one["Name"]), "--days", "7")
            yield _of_bus(str(one["Arn"]), "it has rules and no archive", fix)
    for one in listed:
        what = _trouble_of(one, now)
        if not what:
            continue
        name = ("--archive-name", str(one.get("ArchiveName")))
        fix = commands.aws("events", "describe-archive", *name)
        if what.endswith("forever"):
            fix = commands.aws("events", "update-archive", *name, "--retention-days", "90")
        yield _of_bus(str(one["EventSourceArn"]), what, fix)


def _of_bus(bus: str, what: str, fix: str) -> EventFinding:
    title = f"event bus {named(bus).name}"
    return event_finding("not-archived", resource=title, arn=bus, what=what, fix=fix)


def _trouble_of(archive: Json, now: float) -> str:
    name, state = f"archive {archive.get('ArchiveName')}", archive.get("State", "ENABLED")
    if state not in _SOUND:
        return f"{name} is {state}"
    created = archive.get("CreationTime")
    if archive.get("EventCount") == 0 and created is not None and now - _seconds(created) > _RECENT_S:
        return f"{name} is older than a day and has no event"
    return f"{name} keeps events forever" if archive.get("RetentionDays") == 0 else ""


def _seconds(moment: Json) -> float:
    return float(moment) if isinstance(moment, int | float) else datetime.fromisoformat(str(moment)).timestamp()


def _roles_in(policy: str) -> set[str]:
    """The roles that a queue's policy lets send."""
    return {
        str(who)
        for one in statements_of(policy)
        if isinstance(one, dict) and one.get("Effect") == "Allow" and is_about(one, "sqs:SendMessage")
        if isinstance(one.get("Principal"), dict)
        for who in as_list(one["Principal"].get("AWS"))
        if ":role/" in str(who)
    }


def _names_queue(value: str, name: str) -> bool:
    return value.endswith((f"/{name}", f":{name}")) and ("sqs" in value or value.startswith("http"))
