"""Sets of snapshots: which belong together, which are whole, how old they are and which are too many. Pure.

Deployed to AWS Lambda beside handler.py.
"""

from collections.abc import Iterable
from datetime import datetime

from opsctl.ha.recovery.account import DEVICE, INSTANCE, KIND, POLICY, ROLE, SET, TIME, Json, tags_of

Set = dict[str, Json]
"""The snapshots of one moment, by device."""


def whole_sets(snapshots: Iterable[Json], devices: Iterable[str]) -> dict[str, Set]:
    """Return the completed snapshots of all devices, by consistent set; sets that lack a device are left out.

    So is a run of Data Lifecycle Manager in which a device was taken twice: AWS tries a failed one again, and
    nothing says which attempt a snapshot is of. Snapshots of retired volumes are nobody's state.
    """
    wanted = set(devices)
    sets = {
        key: {tags_of(each)[DEVICE]: each for each in run if each["State"] == "completed"}
        for key, run in _runs(snapshots, wanted).items()
        if not _in_doubt(run)
    }
    return {key: each for key, each in sets.items() if each.keys() == wanted}


def _runs(snapshots: Iterable[Json], devices: set[str]) -> dict[str, list[Json]]:
    runs: dict[str, list[Json]] = {}
    for snapshot in snapshots:
        tags = tags_of(snapshot)
        if tags.get(DEVICE) in devices and tags.get(ROLE) == "data":
            runs.setdefault(set_of(snapshot), []).append(snapshot)
    return runs


def set_of(snapshot: Json) -> str:
    """Return the consistent set that a snapshot belongs to, by the tags that say so.

    In a policy of Data Lifecycle Manager they are variable tags: the time of the run, and the instance. A set of
    any other tool is known by its common start time.
    """
    tags = tags_of(snapshot)
    set_id = tags.get(SET) or snapshot["StartTime"].strftime(TIME)
    return f"{set_id} {tags.get(INSTANCE, '')}".strip().replace("/", "-")


def _in_doubt(run: list[Json]) -> bool:
    """Whether a policy's run has two snapshots of one device."""
    devices = [tags_of(each)[DEVICE] for each in run if INSTANCE in tags_of(each)]
    return len(devices) != len(set(devices))


def lost_s(snapshots: Set, new: Json) -> float:
    """Return the seconds of writes that a set lacks: from its start to the launch of the replacement."""
    launched: datetime = new["LaunchTime"]
    return (launched - _begun(snapshots.values())).total_seconds()


def superfluous(snapshots: Iterable[Json], devices: Iterable[str], keep: int) -> list[str]:
    """Return the ids of the handler's own scheduled snapshots that are older than the newest so many whole sets.

    Those of a policy of Data Lifecycle Manager are the policy's to delete; nobody else's are touched.
    """
    mine = [each for each in snapshots if _is_scheduled_here(each)]
    kept = sorted((_begun(one.values()) for one in whole_sets(mine, devices).values()), reverse=True)[:keep]
    if len(kept) < keep:
        return []
    return [each["SnapshotId"] for each in sorted(mine, key=_start) if each["StartTime"] < kept[-1]]


def _is_scheduled_here(snapshot: Json) -> bool:
    tags = tags_of(snapshot)
    return tags.get(KIND) == "scheduled" and not {INSTANCE, POLICY} & tags.keys()


def _begun(snapshots: Iterable[Json]) -> datetime:
    return min(map(_start, snapshots))


def _start(snapshot: Json) -> datetime:
    moment: datetime = snapshot["StartTime"]
    return moment
