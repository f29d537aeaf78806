"""Commands that mend what shows in a guest, each with what it costs; where opsctl has none, by AWS's own.

Sources: EC2 user guide, enhanced networking (building the ENA driver), network performance metrics and connection
tracking timeouts; ENA Linux best practices; EC2 API reference, ConnectionTrackingSpecificationRequest.
"""

import json
from collections.abc import Sequence

from opsctl.model.commands import Commands
from opsctl.tune.finding import Mend
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.guest_answers import GuestNetwork, numbers
from opsctl.tune.instance_types import TypeNetwork

EXPRESS_MTU, EXPRESS_RING = 8900, 8192
TRACKED_S = 3600
"""Seconds after which an idle connection is forgotten; AWS advises less than its five days."""
INTERRUPTS = "no stop; traffic stops for less than a millisecond"
REBOOT = "a reboot"
_UNTIL = f"{INTERRUPTS}; until the next boot, so put it into the network configuration too"
_RED_HAT = ("amzn", "rhel", "centos", "rocky", "almalinux", "ol", "fedora")
_UBUNTU = ("ubuntu", "debian")
_UPDATES = {
    **dict.fromkeys(("amzn", "rhel", "centos", "rocky"), "yum update -y kernel"),
    "ubuntu": "apt-get update && apt-get install -y linux-aws",
}
_TOOLS = {
    **dict.fromkeys(_RED_HAT, "yum install -y git gcc make kernel-devel-$(uname -r)"),
    **dict.fromkeys(_UBUNTU, "apt-get update && apt-get install -y git gcc make linux-headers-$(uname -r)"),
    "sles": "zypper -n install git gcc make kernel-default-devel",
}
_BUILD = (
    "d=$(mktemp -d) && git clone --depth 1 https://github.com/amzn/amzn-drivers $d && "
    "make -C $d/kernel/linux/ena && "
    "install -D $d/kernel/linux/ena/ena.ko /lib/modules/$(uname -r)/extra/ena.ko && depmod -a"
)
_BOOT = {
    **dict.fromkeys(_RED_HAT, "dracut -f --add-drivers ena"),
    **dict.fromkeys(_UBUNTU, "echo ena >> /etc/initramfs-tools/modules && update-initramfs -u"),
    "sles": "dracut -f --add-drivers ena",
}
_CACHES = {
    **dict.fromkeys(_RED_HAT, "yum install -y nscd"),
    **dict.fromkeys(_UBUNTU, "apt-get update && apt-get install -y nscd"),
    "sles": "zypper -n install nscd",
}
_RESTART = "shutdown -r +1"
"""In a minute, so that Systems Manager is told how it went."""


def updated(instance: FleetInstance, guest: GuestNetwork, commands: Commands) -> Mend:
    """Bring a later driver: by an update where the distribution's later kernels have it, else built."""
    distribution, _, release = guest.release.partition(" ")
    if distribution not in _UPDATES or (distribution == "ubuntu" and numbers(release) < (20, 4)):
        return built(instance, guest, commands)
    return Mend(_run(instance, commands, f"{_UPDATES[distribution]} && {_RESTART}"), REBOOT)


def built(instance: FleetInstance, guest: GuestNetwork, commands: Commands) -> Mend:
    """Build the latest driver from its source; a distribution that nobody knows needs what builds it before."""
    distribution = guest.release.partition(" ")[0]
    steps = (_TOOLS.get(distribution, ""), _BUILD, _BOOT.get(distribution, ""), _RESTART)
    known = distribution in _TOOLS
    first = (
        "" if known else "install git, gcc, make and the headers of the kernel, and see how it makes its initrd"
    )
    cost = f"{REBOOT}; to be built again after each update of the kernel; or launch from a newer image"
    return Mend(_run(instance, commands, " && ".join(one for one in steps if one)), cost, first)


def set_up_express(instance: FleetInstance, devices: Sequence[str], commands: Commands) -> Mend:
    """Give devices the MTU and the receive ring that ENA Express needs."""
    ring = [f"ip link set dev {one} mtu {EXPRESS_MTU} && ethtool -G {one} rx {EXPRESS_RING}" for one in devices]
    first = "see that the other end has ENA Express on, and the same there"
    return Mend(_run(instance, commands, " && ".join(ring)), _UNTIL, first)


def use_queues(instance: FleetInstance, device: str, queues: int, commands: Commands) -> Mend:
    """Have a device use so many of its queues."""
    return Mend(_run(instance, commands, f"ethtool -L {device} combined {queues}"), _UNTIL)


def relieved(
    instance: FleetInstance, of: TypeNetwork, guest: GuestNetwork, what: set[str], commands: Commands
) -> Mend:
    """What is mended at no price comes first: a weighting towards the network, then what only costs thought."""
    if what & {"bw_in", "bw_out"} and "vpc-1" in of.weightings and instance.weighting != "vpc-1":
        weighted = commands.opsctl("tune", "apply", instance.id, "--bandwidth-weighting", "vpc-1")
        return Mend(weighted, "a stop, and a quarter of the bandwidth of EBS")
    tracked = _tracked(instance, guest)
    if what == {"conntrack"} and tracked:
        return _forgotten(tracked, commands)
    cache = _CACHES.get(guest.release.partition(" ")[0])
    if what == {"linklocal"} and cache:
        script = f"{cache} && systemctl enable --now nscd"
        cost = "no stop; answers of DNS are as old as their record allows; metadata is to be cached by who asks"
        return Mend(_run(instance, commands, script), cost)
    larger = commands.opsctl("tune", "apply", instance.id, "--instance-type", "TYPE")
    return Mend(larger, "a stop, and the price of a type with more bandwidth and packets; or send less")


def _tracked(instance: FleetInstance, guest: GuestNetwork) -> str:
    """Return the interface that tracked the most above its allowance; an interface without a MAC is none."""
    worst = max(guest.devices, key=lambda one: one.counted.get("conntrack", 0))
    own = [one.id for one in instance.interfaces if one.mac and one.mac == worst.mac]
    return next(iter(own or [one.id for one in instance.interfaces]), "")


def _forgotten(interface: str, commands: Commands) -> Mend:
    timeout = ("--connection-tracking-specification", f"TcpEstablishedTimeout={TRACKED_S}")
    named = ("--network-interface-id", interface)
    cost = (
        "no stop; connections that are idle for an hour break, if nothing keeps them alive; rules that let all "
        "traffic pass both ways are not tracked at all"
    )
    return Mend(commands.aws("ec2", "modify-network-interface-attribute", *named, *timeout), cost)


def _run(instance: FleetInstance, commands: Commands, script: str) -> str:
    """Have Systems Manager run a script as root; its agent is there, for it told what is mended."""
    named = ("--document-name", "AWS-RunShellScript", "--instance-ids", instance.id)
    return commands.aws("ssm", "send-command", *named, "--parameters", json.dumps({"commands": [script]}))
