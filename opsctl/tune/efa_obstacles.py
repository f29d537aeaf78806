"""Why an instance cannot have an EFA in place, and what it would lose by one: one rule a function.

Sources: EC2 user guide, EFA (types, operating systems, limitations, Dedicated Instances) and simplified automatic
recovery; AWS ParallelCluster for types whose EFA has to be the primary interface.
"""

from collections.abc import Iterator

from opsctl.tune.efa_layout import full_cards, primary_is_the_efa
from opsctl.tune.efa_reads import EfaTarget

_SYSTEMS = (
    "Amazon Linux 2",
    "Red Hat Enterprise Linux 8",
    "Red Hat Enterprise Linux 9",
    "Rocky Linux 8",
    "Rocky Linux 9",
    "Debian GNU/Linux 11",
    "Debian GNU/Linux 12",
    "Ubuntu 22.04",
    "Ubuntu 24.04",
    "SLES 15",
    "openSUSE Leap 15",
)
"""Systems that the EFA installer knows, by the beginning of the name that their SSM agent tells."""
_AMONG_THEMSELVES = ("p4d", "p4de", "dl1")
_NOT_DEDICATED = ("c7g.16xlarge", "m7g.16xlarge", "r7g.16xlarge")


def installer_knows(system: str) -> bool:
    """Tell whether the EFA installer has packages for a system, by SSM's name and version of it."""
    return any(system == one or system.startswith((f"{one}.", f"{one} ", f"{one}0")) for one in _SYSTEMS)


def impossible(target: EfaTarget) -> Iterator[str]:
    """Yield why an instance takes no EFA, or no more of them, where it is."""
    of, one = target.of, target.instance
    if not of.efa:
        yield f"{one.title}: {of.name} takes no EFA"
        return
    if one.windows:
        yield f"{one.title} is a Windows machine, where an EFA is no more than a plain ENA"
    if one.spot:
        yield f"{one.title} is a Spot Instance, which is not stopped and started by hand"
    if target.tenancy == "dedicated" and of.name in _NOT_DEDICATED:
        yield f"{one.title} is a Dedicated Instance, and {of.name} has no EFA then"
    if target.outpost:
        yield f"{one.title} is on an Outpost, which has no EFA"
    full = ", ".join(str(card) for card in full_cards(one.interfaces, of))
    if full and not primary_is_the_efa(of):
        yield f"{one.title} has no room for one more interface at network card {full}"


def only_by_a_launch(target: EfaTarget) -> Iterator[str]:
    """Yield why an instance gets an EFA by a new launch alone: its primary interface stays what it is."""
    first = next((nic for nic in target.instance.interfaces if nic.card == 0 and nic.device == 0), None)
    if primary_is_the_efa(target.of) and not (first and first.efa):
        yield f"{target.instance.title}: the primary interface of {target.of.name} has to be the EFA"


def recovery_ends(target: EfaTarget) -> Iterator[str]:
    """Yield what AWS does no more for an instance with an EFA."""
    if target.slots and not target.instance.efa:
        yield f"{target.instance.title} is no longer restarted by AWS on other hardware when its own fails"


def mixed(targets: tuple[EfaTarget, ...]) -> Iterator[str]:
    """Yield the instances of families whose EFA traffic reaches none of another type, where there are others."""
    if len({one.of.name for one in targets}) > 1:
        for one in targets:
            if one.of.name.partition(".")[0] in _AMONG_THEMSELVES:
                yield f"{one.instance.title} is a {one.of.name}"


def apart(targets: tuple[EfaTarget, ...]) -> Iterator[str]:
    """Yield the instances that are elsewhere than the first: EFA traffic stays in one zone of one VPC."""
    for one in targets[1:]:
        first = targets[0]
        if (one.instance.zone, one.vpc) != (first.instance.zone, first.vpc):
            here = f"{one.instance.title} is in {one.instance.zone} of {one.vpc}"
            yield f"{here}, {first.instance.title} in {first.instance.zone} of {first.vpc}"
