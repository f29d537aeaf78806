"""Turns ENA Express on.

Source: EC2 user guide, ENA Express; EC2 API reference, ModifyNetworkInterfaceAttribute.
"""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.model.sentences import first_few
from opsctl.model.value import Json
from opsctl.tune.efa_reads import EfaTarget, read_targets
from opsctl.tune.fleet import FleetInterface

_NOTE = (
    "It works between two interfaces that both have it on, without a middlebox between them; all other traffic "
    "stays plain ENA. In the guest it needs an MTU of 8900 at most and large receive rings: opsctl sets --mtu "
    "8900, `ethtool -G INTERFACE rx 8192` is yours. Turn it off before a change to a type that does not have it."
)


class TuneEnaExpress(Action):
    """Turn ENA Express on at every interface of instances, with or without UDP; no stop is needed.

    It belongs to the attachment: an interface that is detached loses it. Undo sets what was set before.
    """

    name: ClassVar[str] = "tune.ena_express"

    instances: tuple[str, ...] = Field(description="Ids of the instances; none: nothing is to be done.")
    udp: bool = Field(False, description="For UDP as well, whose datagrams then come in order.")
    instance_type: str = Field("", description="The type that they have by then; empty: the one of now.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ModifyNetworkInterfaceAttribute for each interface that is not set so.

        Raises:
            RefusedByGuard: the type of an instance does not have it.
        """
        targets = yield from read_targets(self.instances, about.region, self.instance_type)
        without = [f"{one.instance.title} ({one.of.name})" for one in targets if not one.of.ena_express]
        if without:
            raise RefusedByGuard(
                f"ENA Express is not there with the type of {first_few(without, 5)}; nothing was changed",
                "leave them out, or change their type first",
            )
        wanted = {"on": True, "udp": self.udp}
        return [
            self._set(target, nic, wanted)
            for target in targets
            for nic in target.instance.interfaces
            if nic.kind != "efa-only" and _set_now(nic) != wanted
        ]

    def _set(self, target: EfaTarget, nic: FleetInterface, wanted: dict[str, bool]) -> Change:
        before = _set_now(nic)
        udp = ", for UDP as well" if self.udp else ""
        return Change(
            **dict(set_express(nic.id, **wanted)),
            id=nic.id,
            title=f"Switch ENA Express on at {nic.id} of {target.instance.title}{udp}",
            why=self.why,
            expect=(express_is(nic.id, **before),),
            proof=Proof(configured=(express_is(nic.id, **wanted),), within_s=60),
            undo=set_express(nic.id, **before),
            risk=Risk(severity=Severity.MEDIUM, affects=(target.instance.id,), note=_NOTE),
        )


def _set_now(nic: FleetInterface) -> dict[str, bool]:
    return {"on": nic.ena_express, "udp": nic.ena_express_udp}


def set_express(interface: str, *, on: bool, udp: bool) -> Instruction:
    """Set ENA Express of the attachment of an interface."""
    spec: dict[str, Json] = {"EnaSrdEnabled": on, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": udp}}
    params: dict[str, Json] = {"NetworkInterfaceId": interface, "EnaSrdSpecification": spec}
    return Instruction(kind="call", service="ec2", operation="ModifyNetworkInterfaceAttribute", params=params)


def express_is(interface: str, *, on: bool, udp: bool) -> Check:
    """ENA Express of the attachment of an interface is set so; where AWS tells nothing, it is off."""
    params: dict[str, Json] = {"NetworkInterfaceIds": [interface]}
    said = "NetworkInterfaces[0].Attachment.EnaSrdSpecification"
    words = "on, for UDP as well" if udp else "on" if on else "off"
    return Check(
        read=Read(service="ec2", operation="DescribeNetworkInterfaces", params=params),
        query=f"[{said}.EnaSrdEnabled || `false`, {said}.EnaSrdUdpSpecification.EnaSrdUdpEnabled || `false`]",
        op="equals",
        value=[on, udp],
        says=f"ENA Express is {words} at {interface}",
    )
