"""Who makes the sets of snapshots and how often, and what speaks against leaving it to Data Lifecycle Manager."""

from collections.abc import Iterator

from opsctl.ha.checks.instance import TAGS_AT_MOST
from opsctl.ha.checks.preflight_finding import (
    GROUP_ONLY,
    RECOVER_ONLY,
    STANDBY_ONLY,
    PreflightFinding,
    block,
    carry,
    warn,
)
from opsctl.ha.expectations import duration
from opsctl.ha.inventory import Inventory
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Value
from opsctl.resources.dlm_calls import HOURS, MOST_KEPT, START_WITHIN_S
from opsctl.resources.ec2 import parse_tags

TO_COMPLETE_S = 3600
"""So long a set may take until it is complete before somebody is told that there is none."""
FEWEST = 3
VOLUME_TAGS = 10
"""Tags that a volume's snapshot has besides the user's: ours, the policy's, and AWS's own dlm:managed."""
GROUP_TAGS, STANDBY_TAGS = 3, 6


class Snapshots(Value):
    """By whom sets are made, and how often; the one of handler and policy that makes none has 0 seconds.

    `every_h` is a policy's interval; `alarm_after_s` the age of the newest set at which somebody is told.
    """

    dlm: bool
    every_h: int
    handler_every_s: int
    dlm_every_s: int
    alarm_after_s: int
    role: str
    role_arn: str


def refuse_bad_schedule(by: str, rpo_s: int, keep: int) -> None:
    """Refuse intervals and counts that Data Lifecycle Manager does not have.

    Raises:
        InvalidInput: one of the two cannot be.
    """
    if by != "dlm":
        return
    if rpo_s not in [hours * 3600 for hours in HOURS]:
        possible = ", ".join(f"{hours}h" for hours in HOURS)
        given = duration(rpo_s) if rpo_s else "none is given"
        hint = "or omit --snapshots dlm: the handler takes them at any interval"
        raise InvalidInput.one(
            f"{given}: Data Lifecycle Manager takes snapshots every {possible}", source="--rpo", hint=hint
        )
    if not 1 <= keep <= MOST_KEPT:
        raise InvalidInput.one(
            f"{keep}: Data Lifecycle Manager keeps 1 to {MOST_KEPT} snapshots of a volume",
            source="--keep-snapshots",
        )


def snapshots_of(inventory: Inventory, group: str, *, handled: bool) -> Snapshots:
    """Return who makes the sets of a group's data volumes; nobody where there are none, or nothing moves them."""
    every_s = inventory.wanted.rpo_s if handled and inventory.data_volumes else 0
    dlm = inventory.wanted.snapshots == "dlm" and every_s > 0
    role = f"opsctl-{group}-dlm"
    return Snapshots(
        dlm=dlm,
        every_h=every_s // 3600 if dlm else 0,
        handler_every_s=0 if dlm else every_s,
        dlm_every_s=every_s if dlm else 0,
        alarm_after_s=every_s + (START_WITHIN_S if dlm else every_s) + TO_COMPLETE_S,
        role=role,
        role_arn=f"arn:{inventory.partition}:iam::{inventory.account}:role/{role}",
    )


def check_snapshot_policy(inventory: Inventory) -> Iterator[PreflightFinding]:
    """Everything about snapshots by Data Lifecycle Manager."""
    if inventory.wanted.snapshots != "dlm":
        return
    why = "an instance that is recovered in place keeps its volumes; use a snapshot policy of your own for it"
    yield block("dlm-recover", "--snapshots dlm", why, RECOVER_ONLY)
    if not inventory.data_volumes:
        why = "there are no data volumes to take snapshots of; omit --snapshots dlm"
        yield block("dlm-no-data", "it has no data volume", why)
        return
    every = inventory.wanted.rpo_s
    yield carry(
        "dlm",
        f"Data Lifecycle Manager takes a set every {duration(every)}, and keeps {inventory.wanted.keep_snapshots}",
        (
            f"a run starts up to an hour late: at worst {duration(every + START_WITHIN_S)} of writes, plus "
            "the duration of a snapshot, are in no snapshot; of each volume that many are kept, and none of "
            "a deleted volume is ever removed"
        ),
    )
    yield from _window(inventory, every + START_WITHIN_S)
    yield from _tags(inventory)


def _window(inventory: Inventory, worst_s: int) -> Iterator[PreflightFinding]:
    if inventory.wanted.keep_snapshots < FEWEST:
        why = (
            "the oldest is deleted once the next has started, which may fail or still be pending when it is needed"
        )
        yield warn("dlm-few", f"{inventory.wanted.keep_snapshots} of each volume are kept", why)
    allowed = inventory.wanted.allow_data_loss_s
    if 0 < allowed < worst_s:
        why = f"sets may be {duration(worst_s)} apart, and then the newest is too old to be used"
        yield warn("dlm-window", f"--allow-data-loss {duration(allowed)}", why)


def _tags(inventory: Inventory) -> Iterator[PreflightFinding]:
    """AWS: 50 tags a resource; a snapshot gets those of its volume."""
    for modes, ours in ((GROUP_ONLY, GROUP_TAGS), (STANDBY_ONLY, STANDBY_TAGS)):
        if len(inventory.own_tags) > TAGS_AT_MOST - ours:
            why = f"AWS allows {TAGS_AT_MOST}, and {ours} more are needed: remove some"
            yield block("dlm-tags", f"it has {len(inventory.own_tags)} tags", why, modes)
    ids = {one.id for one in inventory.data_volumes}
    for volume in (inventory.answers.get("volumes") or {}).get("Volumes", []):
        users = [key for key in parse_tags(volume) if not key.startswith(("aws:", "opsctl:"))]
        if volume["VolumeId"] in ids and len(users) > TAGS_AT_MOST - VOLUME_TAGS:
            why = (
                f"its snapshots get all of them and {VOLUME_TAGS} more, and AWS allows {TAGS_AT_MOST}: remove some"
            )
            yield block("dlm-volume-tags", f"{volume['VolumeId']} has {len(users)} tags", why)
