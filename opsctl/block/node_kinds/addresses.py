"""Finding what has an address: an Elastic IP, a public or private address, IPv4 or IPv6."""

import re
from collections.abc import Sequence

from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, Refusal
from opsctl.model.value import Value
from opsctl.resources import ec2
from opsctl.resources.ec2 import Address, Interface

_BALANCER = re.compile(r"^ELB (app|net)/([^/]+)/([^/]+)$")
_BALANCER_KINDS = {"app": "alb", "net": "nlb"}
_ADDRESS_OF = "address of "
_SERVING = ("interface", "efa", "efa-only", "branch", "trunk")


class Having(Value):
    """The interfaces that have an address, and what could not be read or cannot be a target.

    `instances` have the address by an Elastic IP that names no interface.
    """

    interfaces: tuple[Interface, ...] = ()
    instances: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def having(address: str, survey: Survey) -> Fetching[Having]:
    """Find what has an address: Elastic IPs know their interface, automatic addresses only the interface."""
    if ":" in address:
        found = yield from _listed([_by("ipv6-addresses.ipv6-address", address, survey)], address, survey)
        return found
    reads = [
        _by("addresses.private-ip-address", address, survey),
        _by("addresses.association.public-ip", address, survey),
    ]
    elastic, listed = yield from both(elastic_ip("public-ip", address, survey), _listed(reads, address, survey))
    if elastic.interfaces or listed.interfaces:
        return elastic if elastic.interfaces else listed
    if elastic.instances:
        return elastic
    return Having(unknown=(*elastic.unknown, *listed.unknown), refused=(*elastic.refused, *listed.refused))


def elastic_ip(name: str, value: str, survey: Survey) -> Fetching[Having]:
    """Find the interface of an Elastic IP, by a filter such as `allocation-id`."""
    read = ec2.describe("DescribeAddresses", survey.about.region, {name: [value]})
    answer = yield from survey.ask(read, ec2.parse_addresses)
    if isinstance(answer, Refusal):
        return Having(unknown=(cannot_tell(f"whether {value} is an Elastic IP", answer),))
    if not answer:
        return Having()
    if not answer[0].interface:
        return _without_interface(answer[0], survey)
    found = yield from interface(answer[0].interface, survey)
    return found


def lone_address(instance: str, survey: Survey) -> Address | None:
    """Return the Elastic IP of an instance that was met without an interface, if one was."""
    return survey.learnt(f"{_ADDRESS_OF}{instance}", Address)


def _without_interface(it: Address, survey: Survey) -> Having:
    """EC2 Classic, and emulators, associate an address with an instance and name no interface."""
    if it.instance:
        survey.learn({f"{_ADDRESS_OF}{it.instance}": it})
        return Having(instances=(it.instance,))
    if it.association:
        text = f"what Elastic IP {it.ip} is associated with: {it.association} names no interface and no instance"
        return Having(unknown=(f"cannot tell {text}",))
    return Having(refused=(f"Elastic IP {it.ip} is not associated with anything",))


def interface(identifier: str, survey: Survey) -> Fetching[Having]:
    """Find an interface by its id."""
    found = yield from _listed([_by("network-interface-id", identifier, survey)], identifier, survey)
    return found


def meant(found: Having, survey: Survey) -> Naming:
    """Say what a person means by an address: the instance that has it, the load balancer, or the interface."""
    region = survey.about.region
    places = [
        Place(kind="instance", id=one.instance, region=region) if one.instance else place
        for one in found.interfaces
        if (place := _serving(one, survey))
    ]
    places += _instances(found, survey)
    refused = tuple(
        f"{one.id} belongs to {one.description or one.kind} ({one.kind}): it is not a workload"
        for one in found.interfaces
        if not _serving(one, survey)
    )
    return Naming(places=tuple(dict.fromkeys(places)), unknown=found.unknown, refused=(*found.refused, *refused))


def reached(found: Having, survey: Survey) -> Naming:
    """Say where traffic to an address goes: to the load balancer that has it, or to the interface."""
    places = [place for one in found.interfaces if (place := _serving(one, survey))]
    places += _instances(found, survey)
    return Naming(places=tuple(dict.fromkeys(places)), unknown=found.unknown)


def _instances(found: Having, survey: Survey) -> list[Place]:
    return [Place(kind="instance", id=one, region=survey.about.region) for one in found.instances]


def _serving(it: Interface, survey: Survey) -> Place | None:
    region = survey.about.region
    if match := _BALANCER.match(it.description):
        kind, name, number = match.groups()
        owner = f"arn:{survey.about.identity.partition}:elasticloadbalancing:{region}:{survey.about.account}"
        arn = f"{owner}:loadbalancer/{kind}/{name}/{number}"
        return Place(kind=_BALANCER_KINDS[kind], id=arn, region=region)
    if it.kind not in _SERVING:
        return None
    return Place(kind="interface", id=it.id, region=region)


def _by(name: str, value: str, survey: Survey) -> Read:
    return ec2.describe("DescribeNetworkInterfaces", survey.about.region, {name: [value]})


def _listed(reads: Sequence[Read], what: str, survey: Survey) -> Fetching[Having]:
    answers = yield from survey.ask_each(reads, ec2.parse_interfaces)
    unknown = tuple(cannot_tell(f"which interface has {what}", one) for one in answers if isinstance(one, Refusal))
    interfaces = {it.id: it for one in answers if not isinstance(one, Refusal) for it in one}
    survey.learn(interfaces)
    return Having(interfaces=tuple(interfaces.values()), unknown=unknown)
