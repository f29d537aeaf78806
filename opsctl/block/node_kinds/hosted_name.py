"""A DNS name in a hosted zone of the account."""

from collections.abc import Sequence

from opsctl.block.node_kinds.edge_names import is_no_distribution
from opsctl.block.node_kinds.names import NameStep, one_step
from opsctl.block.node_kinds.outside import UNTOLD
from opsctl.block.node_kinds.pool_names import pool_serving
from opsctl.block.node_kinds.tenant_names import tenant_serving
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read
from opsctl.resources.route53 import list_hosted_zones, normal_name


class HostedName(NodeKind):
    """A record in Route 53: an alias, a CNAME or addresses; the client's address is untouched by it."""

    kind = "name"
    title = "host name"
    transparent = True
    looked_in = "records of Route 53's hosted zones"

    def bulk(self, region: str) -> Sequence[Read]:
        """The hosted zones."""
        return (list_hosted_zones(),)

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find a record of that name; only texts with a dot can be one."""
        if "." not in text or text.startswith("arn:") or text.replace(".", "").isdigit():
            return Naming()
        found = yield from self.behind(normal_name(text), survey)
        return found

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find a record of that name."""
        step = yield from one_step(name, survey)
        places = (Place(kind=self.kind, id=name),) if step.found else ()
        return Naming(places=places, unknown=step.unknown)

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read what the name leads to; a target that nothing in the account answers stands outside it."""
        step = yield from one_step(place.id, survey)
        found = yield from gather([_answering(place.id, target, survey) for target, _ in step.targets])
        pairs = zip(step.targets, found, strict=True)
        survey.learn(
            {f"{UNTOLD}{target}": one.unknown[0] for (target, _), one in pairs if not one.places and one.unknown}
        )
        links = [link for pair in zip(step.targets, found, strict=True) for link in _links(*pair)]
        unknown = [*step.unknown, *(text for one in found for text in one.unknown)]
        return Node(
            place=place,
            title=place.id,
            name=place.id,
            resource=place.id,
            transparent=True,
            links=tuple(links),
            unknown=tuple(dict.fromkeys(unknown)),
            remarks=_remarks(step),
        )


def _answering(host: str, target: str, survey: Survey) -> Fetching[Naming]:
    """Find what answers a host name at a target; tenants and user pools are told by the host."""
    found = yield from survey.place_of(target)
    shared = not found.places and (yield from is_no_distribution(target, survey))
    if not shared:
        return found
    serving = yield from gather([tenant_serving(host, survey), pool_serving(host, survey.about.region, survey)])
    known = any(one.places for one in serving)
    return Naming(
        places=tuple(place for one in serving for place in one.places),
        unknown=() if known else (*found.unknown, *(text for one in serving for text in one.unknown)),
    )


def _links(target: tuple[str, str], found: Naming) -> list[Link]:
    name, variant = target
    places = found.places or (Place(kind="outside", id=name),)
    return [Link(to=place, label=variant) for place in places]


def _remarks(step: NameStep) -> tuple[str, ...]:
    if len(step.targets) < 2:
        return step.remarks
    return (*step.remarks, f"it has {len(step.targets)} answers, and each is a way in")
