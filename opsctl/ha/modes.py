"""Chooses between the modes, with reasons."""

from collections.abc import Iterable

from opsctl.ha.checks.preflight_finding import Mode, PreflightFinding
from opsctl.ha.inventory import HaRequest
from opsctl.model.value import Value


class ModeChoice(Value):
    """The mode, and why."""

    mode: Mode
    reason: str


_ASKED: dict[str, Mode] = {"recover": "recover", "standby": "standby", "asg": "asg"}


def choose_mode(wanted: HaRequest, verdicts: Iterable[PreflightFinding]) -> ModeChoice:
    """Return the mode asked for; `auto` is a group unless something forbids one and recovery is possible."""
    listed = list(verdicts)
    if wanted.mode in _ASKED:
        return ModeChoice(mode=_ASKED[wanted.mode], reason="asked for")
    if wanted.subnets or wanted.fresh or wanted.rpo_s or wanted.allow_data_loss_s:
        return ModeChoice(mode="asg", reason="what was asked for exists only with a group")
    against = {mode: [one for one in listed if one.kind == "block" and mode in one.modes] for mode in _OFFERED}
    if not against["asg"]:
        return ModeChoice(
            mode="asg", reason="nothing forbids a group, and only a group survives the loss of a zone"
        )
    if not against["recover"]:
        causes = "; ".join(one.what for one in against["asg"])
        return ModeChoice(mode="recover", reason=f"a group is not possible: {causes}")
    return ModeChoice(mode="asg", reason="the default; neither mode is possible as things are")


_OFFERED: tuple[Mode, ...] = ("asg", "recover")
