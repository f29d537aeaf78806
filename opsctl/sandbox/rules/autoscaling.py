"""Auto Scaling groups answered by the sandbox's own engine; moto's launch everything at once and know no hooks."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine import (
    scaling_belongings,
    scaling_groups,
    scaling_hooks,
    scaling_members,
    scaling_refresh,
)
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.scaling import Scaling

_Call = Callable[[Scaling, dict[str, Any]], dict[str, Any] | None]
_CALLS: tuple[_Call, ...] = (
    *scaling_groups.CALLS,
    *scaling_members.CALLS,
    *scaling_hooks.CALLS,
    *scaling_belongings.CALLS,
    *scaling_refresh.CALLS,
)


def install() -> None:
    """Answer the calls about groups, instances, hooks and activities."""
    from moto.autoscaling.responses import AutoScalingResponse

    for method in _CALLS:
        setattr(AutoScalingResponse, method.__name__, _answered(method))
    AutoScalingResponse.call_action = caught_up(AutoScalingResponse.call_action)


def caught_up(method: Callable[..., Any]) -> Callable[..., Any]:
    """Each call finds the account as it is by now."""

    def called(self: Any) -> Any:
        conditions(self.current_account).timeline.catch_up()
        return method(self)

    return called


def scaling_of(account: str, region: str) -> Scaling:
    """The Auto Scaling of an account and region; it lives and dies with moto's own."""
    from moto.autoscaling.models import autoscaling_backends

    kept = autoscaling_backends[account][region].__dict__
    found: Scaling = kept.setdefault("opsctl_scaling", Scaling(account, region))
    return found


def _answered(method: _Call) -> Callable[..., Any]:
    def called(self: Any) -> Any:
        from moto.core.responses import ActionResult, EmptyResult

        with conditions(self.current_account).timeline.lock:
            answer = method(scaling_of(self.current_account, self.region), self._get_params())
        return EmptyResult() if answer is None else ActionResult(answer)

    return called
