"""An EC2 instance, reached through its network interfaces or as a target."""

from opsctl.block.node_kinds.addresses import lone_address
from opsctl.block.node_kinds.reading import group_gate, nacl_gate
from opsctl.block.topology.finding import is_address
from opsctl.block.topology.gates import Gate
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, Refusal
from opsctl.resources import ec2
from opsctl.resources.ec2 import Instance


class InstanceKind(NodeKind):
    """The end of a way; its gates are those of its primary interface, where targets are reached."""

    kind = "instance"
    title = "instance"
    looked_in = "instances (id, ARN, Name tag)"

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by id, ARN or Name tag."""
        if text.startswith("arn:") and ":instance/" not in text:
            return Naming()
        if is_address(text):
            return Naming()
        region = text.split(":")[3] if text.startswith("arn:") else survey.about.region
        identifier = text.rpartition("/")[2]
        name = "instance-id" if identifier.startswith("i-") else "tag:Name"
        answer = yield from survey.ask(
            ec2.describe("DescribeInstances", region, {name: [identifier]}), ec2.parse_instances
        )
        if isinstance(answer, Refusal):
            return Naming(unknown=(cannot_tell(f"whether an instance is called {text}", answer),))
        alive = [one for one in answer if one.state != "terminated"]
        survey.learn({one.id: one for one in alive})
        gone = tuple(f"instance {one.title} is terminated" for one in answer if one not in alive)
        return Naming(places=tuple(Place(kind=self.kind, id=one.id, region=region) for one in alive), refused=gone)

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read it with the gates of its primary interface."""
        instance = yield from read_instance(place, survey)
        if isinstance(instance, str):
            return Node(place=place, title=place.id, name=place.id, resource=place.id, unknown=(instance,))
        primary = next((one for one in instance.interfaces if one.primary), None)
        primary = primary or next(iter(instance.interfaces), None)
        gates: tuple[Gate, ...] = ()
        if primary is not None:
            gates = yield from both(
                nacl_gate((primary.subnet,), place.region, survey),
                group_gate(primary.groups, place.region, survey),
            )
        return Node(
            place=place,
            title=f"{self.title} {instance.title}",
            name=instance.name or instance.id,
            resource=instance.id,
            vpc=instance.vpc,
            gates=gates,
            answers_to=frozenset(text for one in instance.interfaces for text in one.addresses),
            unknown=_unplaced(instance, survey),
            tags=instance.tags,
        )


def _unplaced(instance: Instance, survey: Survey) -> tuple[str, ...]:
    """Say of a public address that no interface is listed with it: nobody can tell which gates count then."""
    elastic = lone_address(instance.id, survey)
    public = {text for text in (instance.public, elastic.ip if elastic else "") if text}
    known = {text for one in instance.interfaces for text in one.addresses}
    return tuple(
        f"cannot tell how the internet reaches {instance.title} at {one}: no network interface with it is listed"
        for one in sorted(public - known)
    )


def read_instance(place: Place, survey: Survey) -> Fetching[Instance | str]:
    """Return an instance, read in passing or now; a sentence when it cannot be told."""
    known = survey.learnt(place.id, Instance)
    if known is not None:
        return known
    answer = yield from survey.ask(one_instance(place), ec2.parse_instances)
    if isinstance(answer, Refusal):
        return cannot_tell(f"what {place.id} is", answer)
    return answer[0] if answer else f"cannot tell what {place.id} is: no such instance is listed"


def one_instance(place: Place) -> Read:
    """Read one instance; by filter, so that a terminated one is an empty answer and not an error."""
    return ec2.describe("DescribeInstances", place.region, {"instance-id": [place.id]})
