"""Everything that the account's memory holds, as lines that can be compared: nothing left behind goes unseen."""

import itertools
import re
from collections import Counter
from functools import lru_cache
from typing import Any

SERVICES = {
    "ec2": "us-east-1",
    "iam": "aws",
    "logs": "us-east-1",
    "sns": "us-east-1",
    "sqs": "us-east-1",
    "awslambda": "us-east-1",
    "events": "us-east-1",
    "cloudwatch": "us-east-1",
    "elbv2": "us-east-1",
    "autoscaling": "us-east-1",
    "kms": "us-east-1",
    "route53": "aws",
}
# Memory of what is gone, counters and logs: AWS shows none of it as a thing that exists.
FORGOTTEN = {
    "EC2Backend": {
        "opsctl_interface_tokens",
        "opsctl_template_tokens",
        "opsctl_volume_tokens",
        "launch_template_insert_order",
        "amis",
        "snapshots",
    },
    "SQSBackend": {"opsctl_deleted"},
    "Contents": {"_counted"},
    "CloudWatchBackend": {"metric_data", "past_metric_data"},
    "LaunchTemplate": {"opsctl_versions"},
    "LogGroup": {"streams"},
    "FakeZone": {"rr_changes"},
    "Alarm": {"history", "state_value", "state_reason", "state_reason_data", "state_updated_timestamp"},
    "Scaling": {"_checking", "completed"},
    "Group": {"activities"},
    "Subnet": {"_subnet_ips", "_unused_ips"},
    "FakeTargetGroup": {"deregistered_targets"},
    "Ami": {"instance"},
    "Snapshot": {"volume"},
    "Volume": {"written_at"},
    "Instance": {"_reason", "state_reason"},
    "NetworkInterface": {"mac_address"},
}
_ID = re.compile(
    r"\b([a-z-]{1,12}-(?=[0-9a-f]{8,17}\b)|AROA|(?<=/)(?=[0-9a-f]{16}\b))[0-9A-Za-z]{8,20}\b"
    r"|\b(?:\d{1,3}[.-]){3}\d{1,3}\b"
)
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b")
_PLAN = re.compile(
    r"\b\d{8}-\d{6}-[a-z0-9]+\b( [0-9a-f]{8}\b)?"
)  # what a run sends by Systems Manager has a mark besides
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[0-9.]*(\+00:00|Z|\+0000)?")
_EPOCH = 1_000_000_000


class WholeAccount:
    """Looks at an account again and again, and tells what is different from the first time.

    An id that was there the first time is told by its place, so that accounts with the same seed look the same;
    newer ids are only told by their kind.
    """

    def __init__(self, account: str, *, everything: bool = False) -> None:
        """Look for the first time, at the services above or at all that the account has."""
        self._account, self._everything = account, everything
        self._plainly: dict[str, str] = {}
        lines = _walk(self._backends(), "", {})
        found = {one: kind for line in lines for one, kind in _ids_in(line)}
        kinds = {kind: itertools.count(1) for kind in found.values()}
        self._known = {one: f"<{kind}{next(kinds[kind])}>" for one, kind in found.items()}
        self._first = Counter(map(self._plain, lines))

    def changed(self) -> dict[str, int]:
        """Each line that there is now and was not, or was and is not any more, with how often.

        Images, snapshots and what was terminated are left out.
        """
        return _but_none(self._first, Counter(map(self._plain, _walk(self._backends(), "", {}))))

    def kept(self, plan_id: str) -> dict[str, int]:
        """The images that a plan made, with their snapshots."""
        ec2 = self._backends()["ec2"]
        images = [one for one in ec2.amis.values() if _carries(ec2, one.id, plan_id)]
        parts = [one for one in ec2.snapshots.values() if _carries(ec2, one.id, plan_id)]
        lines = _walk({"image": images, "snapshot": parts}, "", {id(ec2): ec2})
        return dict(Counter(map(self._plain, lines)))

    def plain(self, text: str) -> str:
        """A text without what is by chance."""
        return self._without_chance(text)

    def _backends(self) -> dict[str, Any]:
        from moto.backends import get_backend

        if self._everything:
            return _all_backends(self._account)
        return {name: get_backend(name)[self._account][region] for name, region in SERVICES.items()}

    def _plain(self, line: str) -> str:
        if line not in self._plainly:
            self._plainly[line] = self._without_chance(line)
        return self._plainly[line]

    def _without_chance(self, line: str) -> str:
        line, has_ids = _without_time(line)
        if has_ids:
            line = _ID.sub(lambda found: self._known.get(found[0], f"a new {found[1] or 'address'}"), line)
        return line.replace(self._account, "ACCOUNT")


# Most lines of an account are those of the account of the test before.
@lru_cache(100_000)
def _ids_in(line: str) -> tuple[tuple[str, str], ...]:
    """Each id in a line with its kind."""
    return tuple((one[0], one[1] or "") for one in _ID.finditer(line))


@lru_cache(100_000)
def _without_time(line: str) -> tuple[str, bool]:
    """A line without moments, names of runs and UUIDs, and whether ids are left in it."""
    line = _MOMENT.sub("TIME", _PLAN.sub("RUN", _UUID.sub("UUID", line)))
    return line, _ID.search(line) is not None


def _all_backends(account: str) -> dict[str, Any]:
    from moto.core.base_backend import BackendDict

    made = [one for one in BackendDict._instances if account in one]
    return {f"{one.service_name} {region}": found for one in made for region, found in one[account].items()}


def _but_none(before: Counter[str], now: Counter[str]) -> dict[str, int]:
    return {line: now[line] - before[line] for line in {**before, **now} if now[line] != before[line]}


def _carries(ec2: Any, identifier: str, plan_id: str) -> bool:
    return bool(ec2.tags.get(identifier, {}).get("opsctl:plan") == plan_id)


def _walk(what: Any, path: str, seen: dict[int, Any], found: list[str] | None = None) -> list[str]:
    """One line for each value, in the order in which they are kept."""
    found = [] if found is None else found
    if what is None or isinstance(what, bool | str | bytes | int | float):
        is_moment = isinstance(what, int | float) and what > _EPOCH
        found.append(f"{path} = {'TIME' if is_moment else repr(what)}")
        return found
    if id(what) in seen:
        found.append(f"{path} = the same {type(what).__name__}")
        return found
    seen[id(what)] = what
    if isinstance(what, dict):
        inside = list(what.items())
    elif isinstance(what, list | tuple | set | frozenset):
        inside = [("", one) for one in what]
    elif hasattr(what, "__dict__") and not isinstance(what, type) and not callable(what):
        if _is_gone(what):
            return found
        found.append(f"{path} = {type(what).__name__}")
        inside = _members(what)
    else:
        return found
    for name, one in inside:
        _walk(one, f"{path}.{name}", seen, found)
    return found


def _members(what: Any) -> list[tuple[str, Any]]:
    kind = type(what).__name__
    members = {name: one for name, one in vars(what).items() if name not in FORGOTTEN.get(kind, ())}
    # moto keeps the tags of what was deleted, and this looks at images by themselves.
    if kind == "EC2Backend":
        members["tags"] = {key: one for key, one in what.tags.items() if _has_tags(what, key)}
    elif kind in ("CloudWatchBackend", "LogsBackend"):
        there = what.alarms if kind == "CloudWatchBackend" else what.groups
        members["tagger"] = {key: one for key, one in what.tagger.tags.items() if key.split(":")[6] in there}
    return list(members.items())


def _has_tags(ec2: Any, identifier: str) -> bool:
    if identifier.startswith("i-"):
        return any(one.id == identifier and not _is_gone(one) for one in ec2.all_instances())
    if identifier.startswith("lt-"):
        return identifier in ec2.launch_templates
    return not identifier.startswith(("ami-", "snap-"))


def _is_gone(what: Any) -> bool:
    """Whether something was terminated, or goes with an instance that was."""
    kind = type(what).__name__
    if kind == "Instance":
        return what.state in ("shutting-down", "terminated")
    if kind == "Reservation":
        return all(_is_gone(one) for one in what.instances)
    if kind == "NetworkInterface":
        return what.instance is not None and _is_gone(what.instance)
    return kind == "Volume" and what.attachment is not None and _is_gone(what.attachment.instance)
