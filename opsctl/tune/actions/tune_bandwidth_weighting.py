"""Weights the bandwidth of an instance between network and EBS.

Source: EC2 user guide, bandwidth weighting; API model of ModifyInstanceNetworkPerformanceOptions.
"""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.sentences import first_few
from opsctl.resources.ec2_capacity_calls import REFUSED_BEFORE_START
from opsctl.resources.ec2_instance_calls import describe_instance, is_alive, state_is
from opsctl.tune.efa_reads import EfaTarget, read_targets

Weighting: TypeAlias = Literal["default", "vpc-1", "ebs-1"]

_NOTE = {
    "default": "Network and EBS get back what the type has by itself.",
    "vpc-1": "The network gains up to a quarter of its baseline, which EBS loses: watch the volumes.",
    "ebs-1": "EBS gains up to a quarter of its baseline, which the network loses.",
}


class TuneBandwidthWeighting(Action):
    """Weight the baseline bandwidth of stopped instances between network and EBS; undo sets what was set before.

    AWS does not document whether a running instance takes it, so it is done to stopped ones.
    """

    name: ClassVar[str] = "tune.bandwidth_weighting"

    instances: tuple[str, ...] = Field(description="Ids of the instances; none: nothing is to be done.")
    weighting: Weighting = Field(description="default, vpc-1 for the network, or ebs-1 for EBS.")
    instance_type: str = Field("", description="The type that they have by then; empty: the one of now.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ModifyInstanceNetworkPerformanceOptions for each that is weighted otherwise.

        Raises:
            RefusedByGuard: the type of an instance does not have that weighting.
        """
        targets = yield from read_targets(self.instances, about.region, self.instance_type)
        without = [f"{one.instance.title} ({one.of.name})" for one in targets if not self._has(one)]
        if without:
            raise RefusedByGuard(
                f"weighting {self.weighting} is not there with the type of {first_few(without, 5)}; "
                "nothing was changed",
                "leave them out, or change their type first",
            )
        return [self._set(one) for one in targets if one.instance.weighting != self.weighting]

    def _has(self, target: EfaTarget) -> bool:
        return self.weighting in ("default", *target.of.weightings)

    def _set(self, target: EfaTarget) -> Change:
        of = target.instance
        stopped = state_is(of.id, "stopped").model_copy(update={"context": True})
        return Change(
            **dict(set_weighting(of.id, self.weighting)),
            id=of.id,
            title=f"Set the bandwidth weighting of {of.title} to {self.weighting} instead of {of.weighting}",
            why=self.why,
            expect=(weighting_is(of.id, of.weighting), stopped),
            proof=Proof(configured=(weighting_is(of.id, self.weighting),), within_s=60),
            undo=set_weighting(of.id, of.weighting),
            risk=Risk(severity=Severity.MEDIUM, affects=(of.id,), note=_NOTE[self.weighting]),
            undo_only_if=(is_alive(of.id),),
            goes_back=REFUSED_BEFORE_START,
        )


def set_weighting(instance: str, weighting: str) -> Instruction:
    """Set the weighting of an instance."""
    return Instruction(
        kind="call",
        service="ec2",
        operation="ModifyInstanceNetworkPerformanceOptions",
        params={"InstanceId": instance, "BandwidthWeighting": weighting},
    )


def weighting_is(instance: str, weighting: str) -> Check:
    """The instance is weighted so; where AWS tells nothing, it is the default."""
    said = "Reservations[0].Instances[0].NetworkPerformanceOptions.BandwidthWeighting"
    return Check(
        read=describe_instance(instance),
        query=f"{said} || 'default'",
        op="equals",
        value=weighting,
        says=f"the bandwidth of {instance} is weighted as {weighting}",
    )
