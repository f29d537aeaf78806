"""Chooses between the modes, with reasons, and lists what each adds to the bill; prices are not known offline."""

from collections.abc import Iterable

from opsctl.ha.checks.preflight_finding import Mode, PreflightFinding
from opsctl.ha.expectations import duration
from opsctl.ha.inventory import HaRequest, Inventory
from opsctl.model.value import Value


class ModeChoice(Value):
    """The mode, and why."""

    mode: Mode
    reason: str


_ASKED: dict[str, Mode] = {"recover": "recover", "standby": "standby", "asg": "asg"}


def choose_mode(wanted: HaRequest, verdicts: Iterable[PreflightFinding]) -> ModeChoice:
    """Return the mode requested; `auto` is a group unless something forbids one and recovery is possible."""
    listed = list(verdicts)
    if wanted.mode in _ASKED:
        return ModeChoice(mode=_ASKED[wanted.mode], reason="requested")
    if wanted.subnets or wanted.fresh or wanted.rpo_s or wanted.allow_data_loss_s:
        return ModeChoice(mode="asg", reason="the given options need an Auto Scaling group")
    against = {mode: [one for one in listed if one.kind == "block" and mode in one.modes] for mode in _OFFERED}
    if not against["asg"]:
        return ModeChoice(mode="asg", reason="nothing rules out a group, and only a group survives a zone failure")
    if not against["recover"]:
        causes = "; ".join(one.what for one in against["asg"])
        return ModeChoice(mode="recover", reason=f"a group is not possible: {causes}")
    return ModeChoice(mode="asg", reason="the default; neither mode is possible now")


_OFFERED: tuple[Mode, ...] = ("asg", "recover")


MINUTES_A_MONTH = 43_800


class Cost(Value):
    """One item: what is billed, and how much of it a month; `short` in a few words, where it is billed at all."""

    item: str
    quantity: str
    short: str = ""


class Bill(Value):
    """What a mode adds every month, in one line; the mode that is planned has a mark."""

    mode: str
    adds: str


def costs_of(inventory: Inventory, mode: str, alarms: int) -> tuple[Cost, ...]:
    """List what the mode adds every month; what is made once stands there as well."""
    common = [Cost(item="CloudWatch alarms", quantity=f"{alarms} standard alarms", short=f"{alarms} alarms")]
    if not inventory.wanted.topic:
        common.append(Cost(item="SNS", quantity="1 topic; messages only when something happens"))
    if mode == "recover":
        return tuple(common)
    metrics = 3 if inventory.data_volumes else 1
    root = int(inventory.root_volume.get("Size") or 0)
    group = [
        Cost(
            item="image",
            quantity=f"1 snapshot of the root volume ({root} GiB)" if root else "1 root snapshot",
            short=f"{root} GiB snapshot" if root else "1 snapshot",
        ),
        Cost(
            item="Lambda",
            quantity=f"1 function, about {MINUTES_A_MONTH:,} short runs",
            short=f"{MINUTES_A_MONTH:,} Lambda runs",
        ),
        Cost(item="CloudWatch metrics", quantity=f"{metrics} custom metrics", short=f"{metrics} metrics"),
        Cost(item="CloudWatch Logs", quantity=f"about {MINUTES_A_MONTH:,} short entries, kept 90 days"),
        Cost(item="SQS", quantity="1 queue; messages only when something fails"),
    ]
    if mode == "standby":
        group.append(
            Cost(
                item="standby",
                quantity=f"the root volume of a stopped instance ({root} GiB)",
                short=f"{root} GiB volume",
            )
        )
    if inventory.data_volumes and inventory.wanted.rpo_s:
        total = sum(one.size_gib for one in inventory.data_volumes)
        every = duration(inventory.wanted.rpo_s)
        kept = f"the last {inventory.wanted.keep_snapshots} kept"
        what = f"changed blocks of {len(inventory.data_volumes)} volume(s), {total} GiB, every {every}; {kept}"
        short = f"snapshots of {total} GiB every {every}"
        group.append(Cost(item="EBS snapshots", quantity=what, short=short))
    if not inventory.elastic_ips and inventory.instance.get("PublicIpAddress"):
        group.append(Cost(item="public IPv4", quantity="as now: one address while it runs"))
    return (*group, *common)
