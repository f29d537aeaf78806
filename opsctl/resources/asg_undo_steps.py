"""Auto Scaling: what a group has to come to before its instance is taken out: one in service, none retained."""

from collections.abc import Sequence

from opsctl.model.changes import Change
from opsctl.model.commands import Commands
from opsctl.model.references import reference
from opsctl.resources.asg_calls import GONE_WITHIN_S, RECOVERED_WITHIN_S, group_is_in_service
from opsctl.resources.asg_undo_calls import end_kept, kept_instance, none_kept, one_kept, wants_or_has_one
from opsctl.resources.ec2_instance_calls import has_no_volume_but_its_root
from opsctl.resources.undo_steps import step, wait

AGAIN = "then run the undo again"
RELEASED_WITHIN_S = 900


def none_is_kept(group: str, commands: Commands) -> tuple[Change, ...]:
    """End an instance that an abandoned hook left in the group, but never one that still has data volumes.

    AWS deletes no group that has one, and detaches none. Whatever answers the hook gets the volumes off it where
    it can; where it cannot, a person has to.
    """
    stop = commands.aws("ec2", "stop-instances", "--instance-ids", "...")
    return (
        step(
            end_kept(reference("end-kept", "instance")),
            "end-kept",
            f"Terminate the instance that {group} retains, if its data volumes are detached",
            "a group with a retained instance cannot be deleted, and AWS bills the instance",
            done=none_kept(group),
            only_if=(one_kept(group), has_no_volume_but_its_root(reference("end-kept", "instance"))),
            within_s=GONE_WITHIN_S,
            otherwise=f"if {group} retains another one, run the undo again",
            outputs={"instance": kept_instance(group)},
            risk="Its root disk is lost.",
        ),
        wait(
            "none-kept",
            "an instance that still has data volumes is never terminated here",
            until=none_kept(group),
            within_s=RELEASED_WITHIN_S,
            otherwise=f"stop that instance ({stop}); if the handler does not detach its volumes "
            f"then, detach them from it yourself; they stay; {AGAIN}",
        ),
    )


def one_is_in_service(
    group: str, commands: Commands, *, status: Sequence[str] = (), launch_hook: str = ""
) -> Change:
    """Wait for a recovery that is under way: what it brings up is what stays.

    `status` are the words of an opsctl command that tells what keeps an instance from service, `launch_hook` the
    hook in which one may wait.
    """
    told = commands.opsctl(*status) if status else f"the scaling activities of {group}"
    otherwise = f"fix what {told} {'reports' if status else 'report'}"
    if launch_hook:
        hook = ("--auto-scaling-group-name", group, "--lifecycle-hook-name", launch_hook, "--instance-id", "...")
        complete = ("autoscaling", "complete-lifecycle-action", "--lifecycle-action-result", "CONTINUE")
        otherwise += f", or accept the new instance as it is ({commands.aws(*complete, *hook)})"
    return wait(
        "in-service",
        "the one instance that is in service stays, with the address and the data",
        until=group_is_in_service(group),
        only_if=(wants_or_has_one(group),),
        within_s=RECOVERED_WITHIN_S,
        otherwise=f"{otherwise}, {AGAIN}",
    )
