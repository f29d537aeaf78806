"""Finds out how instances get an EFA on every network card that takes one, and what speaks against it."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, both
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.tune.efa_driver import VERSION, install_script, proof_script
from opsctl.tune.efa_obstacles import (
    apart,
    impossible,
    installer_knows,
    mixed,
    only_by_a_launch,
    recovery_ends,
)
from opsctl.tune.efa_peers import EfaPeers, read_peers
from opsctl.tune.efa_reads import EfaTarget, targets_of
from opsctl.tune.guest_agents import GuestAgent, read_agents
from opsctl.tune.selection import Selection


class EfaPlace(Value):
    """Where an EFA is going to be, for whoever reviews the plan."""

    instance: str
    card: int
    device: int
    subnet: str
    group: str


class EfaRow(Value):
    """The places of one instance in a line: its cards, and the device index at each of them."""

    instance: str
    cards: str
    devices: str
    subnet: str
    group: str


class EfaFound(Value):
    """The places of the EFAs, the scripts for the guests, and what speaks against it, each as a line.

    `instances` get an EFA, `installs` the driver before, and with `proves` all of them can be asked by fi_info.
    `again` have all EFAs, and get the driver alone.
    """

    instances: tuple[str, ...] = ()
    vpc: str = ""
    group: str = ""
    makes_group: bool = False
    places: tuple[EfaPlace, ...] = ()
    rows: tuple[EfaRow, ...] = ()
    installs: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    proof: tuple[str, ...] = ()
    proves: bool = False
    impossible: tuple[str, ...] = ()
    by_launch: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    unclear_group: tuple[str, ...] = ()
    no_agent: tuple[str, ...] = ()
    no_package: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    recovery: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()


class TuneEfa(Fact):
    """Find the network cards of instances that take one more EFA, and what an EFA would need or take away.

    Without `wanted` nothing is read. The driver is AWS's own installer, whose signature is checked in the guest;
    the security group is that of the EFAs of the same cluster, placement group, or VPC and zone.
    """

    name: ClassVar[str] = "tune.efa"
    Result: ClassVar[type[Value]] = EfaFound

    instances: tuple[str, ...] = Field(description="Ids or Name tags; `*` in a name stands for anything.")
    wanted: bool = Field(description="Whether EFAs are wanted at all.")
    security_group: str = Field("", description="Name or id of the security group; empty: it is found or made.")
    driver: Literal["install", "there", "everywhere"] = Field(
        "install", description="Install it, rely on the image, or install it where EFAs are already too."
    )
    installer: str = Field("latest", description="Version of AWS's EFA installer.")
    instance_type: str = Field("", description="The type that they have by then; empty: the one of now.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read instances and types, then the EFAs and groups beside them and the agents."""
        if not self.wanted:
            self._refuse_half()
            return EfaFound()
        if not VERSION.fullmatch(self.installer):
            raise InvalidInput.one(
                f"{self.installer!r} is no version of the EFA installer",
                source="efa_installer",
                hint="such as 1.47.0, or latest",
            )
        named = Selection(instances=self.instances).reads(about.region)
        targets = yield from targets_of(named, about.region, self.instance_type)
        no = tuple(line for one in targets for line in impossible(one))
        launch = tuple(line for one in targets for line in only_by_a_launch(one))
        some = tuple(one for one in targets if one.slots)
        whole = tuple(one for one in targets if not one.slots and one.instance.efa)
        already = tuple(one.instance.title for one in whole)
        again = whole if self.driver == "everywhere" else ()
        if not (some or again) or no or launch:
            return EfaFound(impossible=no, by_launch=launch, already=already)
        asked = [one.instance.id for one in (*some, *again)]
        if some:
            peers, agents = yield from both(
                read_peers(some, self.security_group, about.region), read_agents(asked, about.region)
            )
        else:
            peers, agents = EfaPeers(), (yield from read_agents(asked, about.region))
        return self._found(some, again, peers, agents).model_copy(update={"already": already})

    def _refuse_half(self) -> None:
        """Refuse to take how an EFA is to be for nothing, where none is asked for."""
        given = {
            "efa_security_group": self.security_group,
            "efa_driver": self.driver != "install",
            "efa_installer": self.installer != "latest",
        }
        for source in (name for name, said in given.items() if said):
            raise InvalidInput.one("no EFA is asked for", source=source, hint="give --efa as well")

    def _found(
        self,
        some: tuple[EfaTarget, ...],
        again: tuple[EfaTarget, ...],
        peers: EfaPeers,
        agents: dict[str, GuestAgent],
    ) -> EfaFound:
        every = (*some, *again)
        running = tuple(one for one in every if one.instance.state == "running")
        known = {one.instance.id: agents.get(one.instance.id, GuestAgent()) for one in running}
        silent = [one for one in running if not known[one.instance.id].online]
        still = [one for one in every if one not in running]
        installs = self.driver != "there"
        strange = [
            f"{one.instance.title} has {known[one.instance.id].system or 'a system that its agent does not name'}"
            for one in running
            if one not in silent and not installer_knows(known[one.instance.id].system)
        ]
        few = [one.instance.title for one in some] if not peers.others and len(some) == 1 else []
        places = tuple(place for one in some for place in _places(one, peers.group))
        return EfaFound(
            instances=tuple(one.instance.id for one in some),
            vpc=every[0].vpc,
            group=peers.group,
            makes_group=peers.makes,
            places=places,
            rows=_rows(places),
            installs=tuple(one.instance.id for one in running) if installs else (),
            again=tuple(one.instance.id for one in again if one in running),
            install=install_script(self.installer),
            proof=proof_script(),
            proves=bool(running) and not silent,
            apart=tuple(apart(some)),
            unclear_group=peers.unclear,
            no_agent=tuple(one.instance.title for one in silent) if installs else (),
            no_package=tuple(strange) if installs else (),
            unproved=(
                *(f"{one.instance.title} is stopped: its driver is neither installed nor proved" for one in still),
                *(f"{one.instance.title}: no SSM agent answers" for one in silent if not installs),
            ),
            recovery=tuple(line for one in some for line in recovery_ends(one)),
            alone=tuple(few),
            mixed=tuple(mixed(some)),
        )


def _rows(places: Iterable[EfaPlace]) -> tuple[EfaRow, ...]:
    """Put the places of an instance, which follow one another, into one line."""
    told = groupby(places, key=lambda one: (one.instance, one.subnet, one.group))
    return tuple(_row(list(some)) for _, some in told)


def _row(some: Sequence[EfaPlace]) -> EfaRow:
    first = some[0]
    return EfaRow(
        instance=first.instance,
        cards=", ".join(str(one.card) for one in some),
        devices=", ".join(str(one.device) for one in some),
        subnet=first.subnet,
        group=first.group,
    )


def _places(target: EfaTarget, group: str) -> list[EfaPlace]:
    title = target.instance.title
    return [
        EfaPlace(instance=title, card=slot.card, device=slot.devices[0], subnet=target.subnet, group=group)
        for slot in target.slots
    ]
