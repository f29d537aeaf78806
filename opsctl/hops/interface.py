"""A network interface with an address that the internet may reach."""

import re

from opsctl.hops.instance import read_instance
from opsctl.hops.reading import group_gate, nacl_gate
from opsctl.hops.routes import reachable
from opsctl.model.looking import Looking, together
from opsctl.model.reads import Read, Refusal
from opsctl.services import ec2
from opsctl.services.ec2 import Address, Interface
from opsctl.topology.finding import is_address
from opsctl.topology.gates import open_services
from opsctl.topology.graph import Link, Node
from opsctl.topology.hop import Hop
from opsctl.topology.places import Naming, Place
from opsctl.topology.survey import Survey, cannot_tell
from opsctl.topology.unfold import both

_EC2_NAME = re.compile(r"^ec2-(\d+)-(\d+)-(\d+)-(\d+)\.([a-z0-9-]+\.)?compute(-1)?\.amazonaws\.com(\.cn)?$")
_BALANCER = re.compile(r"^ELB (app|net)/([^/]+)/([^/]+)$")
_KINDS = {"app": "alb", "net": "nlb"}
_OURS = ("interface", "efa", "efa-only", "branch", "trunk")


class InterfaceHop(Hop):
    """Gates: the network ACL of its subnet and its security groups; both see the client's address."""

    kind = "interface"
    title = "network interface"
    domains = _EC2_NAME
    looked_in = "addresses (Elastic IPs, public and private addresses of interfaces)"

    def named(self, text: str, survey: Survey) -> Looking[Naming]:
        """Find what has an address, an allocation id or an interface id."""
        if is_address(text):
            found = yield from _having(text, survey)
        elif text.startswith("eni-"):
            found = yield from _listed([_by("network-interface-id", text, survey)], text, survey)
        elif text.startswith("eipalloc-"):
            read = ec2.describe("DescribeAddresses", survey.about.region, {"allocation-id": [text]})
            found = yield from _behind_elastic_ip(read, text, survey)
        elif match := _EC2_NAME.match(text.lower()):
            found = yield from _having(".".join(match.groups()[:4]), survey)
        else:
            return Naming()
        return found

    def behind(self, name: str, survey: Survey) -> Looking[Naming]:
        """Find what has the address that is written in EC2's public DNS name."""
        match = _EC2_NAME.match(name)
        found = yield from _having(".".join(match.groups()[:4]) if match else name, survey)
        return found

    def at_address(self, address: str, survey: Survey) -> Looking[Naming]:
        """Find what has the address."""
        found = yield from _having(address, survey)
        return found

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Looking[Naming]:
        """Find the interfaces of an instance that have an address of their own on the internet."""
        if node.place.kind != "instance":
            return Naming()
        instance = yield from read_instance(node.place, survey)
        if isinstance(instance, str):
            return Naming()
        survey.learn({one.id: one for one in instance.interfaces})
        exposed = [one for one in instance.interfaces if one.public or one.ipv6]
        return Naming(places=tuple(Place(kind=self.kind, id=one.id, region=node.place.region) for one in exposed))

    def look(self, place: Place, survey: Survey) -> Looking[Node]:
        """Read it with its gates and the routes of its subnet."""
        it = survey.learnt(place.id, Interface)
        if it is None:
            why = f"cannot tell what {place.id} is: it is not listed"
            return Node(place=place, title=place.id, name=place.id, resource=place.id, unknown=(why,))
        (nacl, groups), open_ = yield from both(
            both(nacl_gate((it.subnet,), place.region, survey), group_gate(it.groups, place.region, survey)),
            reachable(it, place.region, survey),
        )
        versions = (4,) * any(":" not in one for one in open_) + (6,) * any(":" in one for one in open_)
        instance = Place(kind="instance", id=it.instance, region=place.region)
        remarks: tuple[str, ...] = ()
        if not open_:
            exposed = it.public or it.ipv6
            why = "its subnet has no route from the internet" if exposed else "it has no public address"
            remarks = (f"{why}: the internet does not reach it directly",)
        return Node(
            place=place,
            title=f"{', '.join(open_ or it.addresses)} ({it.id})",
            name=it.id,
            resource=it.instance or it.id,
            vpc=it.vpc,
            gates=(nacl, groups),
            answers_to=frozenset(it.addresses),
            entrance=", ".join(open_),
            versions=versions or (4, 6),
            services=open_services(groups, nacl.acls),
            links=(Link(to=instance, packets=False),) if it.instance else (),
            remarks=remarks,
        )


def _by(name: str, value: str, survey: Survey) -> Read:
    return ec2.describe("DescribeNetworkInterfaces", survey.about.region, {name: [value]})


def _having(address: str, survey: Survey) -> Looking[Naming]:
    """Find what has an address: Elastic IPs know their interface, automatic addresses only the interface."""
    if ":" in address:
        found = yield from _listed([_by("ipv6-addresses.ipv6-address", address, survey)], address, survey)
        return found
    elastic = ec2.describe("DescribeAddresses", survey.about.region, {"public-ip": [address]})
    by_elastic, by_interface = yield from together(
        [
            _behind_elastic_ip(elastic, address, survey),
            _listed(
                [
                    _by("addresses.private-ip-address", address, survey),
                    _by("addresses.association.public-ip", address, survey),
                ],
                address,
                survey,
            ),
        ]
    )
    return (
        by_elastic
        if by_elastic.places
        else by_interface.model_copy(
            update={
                "unknown": (*by_elastic.unknown, *by_interface.unknown),
                "refused": (*by_elastic.refused, *by_interface.refused),
            }
        )
    )


def _behind_elastic_ip(read: Read, text: str, survey: Survey) -> Looking[Naming]:
    answer = yield from survey.ask(read, ec2.parse_addresses)
    if isinstance(answer, Refusal):
        return Naming(unknown=(cannot_tell(f"whether {text} is an Elastic IP", answer),))
    if not answer:
        return Naming()
    it: Address = answer[0]
    if not it.interface:
        return Naming(refused=(f"Elastic IP {it.ip} is not associated with anything",))
    found = yield from _listed([_by("network-interface-id", it.interface, survey)], text, survey)
    return found


def _listed(reads: list[Read], text: str, survey: Survey) -> Looking[Naming]:
    answers = yield from survey.ask_each(reads, ec2.parse_interfaces)
    unknown = tuple(cannot_tell(f"which interface has {text}", one) for one in answers if isinstance(one, Refusal))
    interfaces = [it for one in answers if not isinstance(one, Refusal) for it in one]
    survey.learn({it.id: it for it in interfaces})
    named = yield from together([_owner(it, survey) for it in interfaces])
    return Naming(
        places=tuple(dict.fromkeys(place for one in named for place in one.places)),
        unknown=unknown,
        refused=tuple(text for one in named for text in one.refused),
    )


def _owner(it: Interface, survey: Survey) -> Looking[Naming]:
    """Say what a person means by an interface: its instance, its load balancer, or itself."""
    region = survey.about.region
    if it.instance:
        return Naming(places=(Place(kind="instance", id=it.instance, region=region),))
    if match := _BALANCER.match(it.description):
        kind, name, number = match.groups()
        arn = f"arn:{survey.about.identity.partition}:elasticloadbalancing:{region}:{survey.about.account}"
        place = Place(kind=_KINDS[kind], id=f"{arn}:loadbalancer/{kind}/{name}/{number}", region=region)
        return Naming(places=(place,))
    if it.kind not in _OURS:
        what = it.description or it.kind.replace("_", " ")
        return Naming(refused=(f"{it.id} belongs to {what} ({it.kind}): nothing to protect stands there",))
    yield from ()
    return Naming(places=(Place(kind="interface", id=it.id, region=region),))
