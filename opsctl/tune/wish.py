"""What of the network of instances is to be changed, and what an instance is once it is."""

from typing import Literal, TypeAlias

from opsctl.model.errors import InvalidInput
from opsctl.model.value import Value
from opsctl.tune.machine import Machine

Strategy: TypeAlias = Literal["", "cluster", "spread", "partition"]


class TuneWish(Value):
    """What was asked for; nothing of it is done at an instance that is so already.

    `queues` are ENA queues, 0: as is. `create` is the strategy of a placement group to make if there is none.
    `weighting` is that of the bandwidth, `keep`: as is. `efa` are the instances that get an EFA, by their ids, and
    with `more` something is asked for besides that needs no stop.
    """

    ena: bool = False
    sriov: bool = False
    queues: int = 0
    instance_type: str = ""
    placement_group: str = ""
    create: Strategy = ""
    weighting: str = "keep"
    efa: tuple[str, ...] = ()
    more: bool = False

    def refuse_unclear(self) -> None:
        """Refuse a wish for nothing at all, and one that says how to make what it does not name.

        Raises:
            InvalidInput: with the input that is to be given.
        """
        if self == TuneWish():
            hint = "such as --ena, --instance-type or --placement-group; --help lists them"
            raise InvalidInput.one("nothing to change is named", source="instances", hint=hint)
        if self.create and not self.placement_group:
            raise InvalidInput.one("no placement group is named", source="create", hint="give --placement-group")

    def type_of(self, machine: Machine) -> str:
        """The type that an instance has once this is done."""
        return self.instance_type or machine.type

    def group_of(self, machine: Machine) -> str:
        """The placement group that an instance is in once this is done."""
        return self.placement_group or machine.placement_group

    def needs_image(self, machine: Machine) -> bool:
        """Tell whether an instance may not boot or be reached after this."""
        adapter = (self.ena and not machine.ena) or (self.sriov and not machine.vf)
        return adapter or self.type_of(machine) != machine.type or machine.id in self.efa

    def needs_weighting(self, machine: Machine) -> bool:
        """Tell whether its bandwidth is weighted otherwise."""
        return self.weighting not in ("keep", machine.weighting)

    def needs_queues(self, machine: Machine) -> tuple[str, ...]:
        """The interfaces that have another number of queues; an efa-only interface has none."""
        plain = [one for one in machine.interfaces if one.kind != "efa-only"]
        return tuple(one.id for one in plain if self.queues and one.queues != self.queues)

    def changes(self, machine: Machine) -> bool:
        """Tell whether anything of it is not so yet, and needs a stop."""
        moves = self.group_of(machine) != machine.placement_group
        weighted = self.needs_weighting(machine)
        return self.needs_image(machine) or moves or weighted or bool(self.needs_queues(machine))
