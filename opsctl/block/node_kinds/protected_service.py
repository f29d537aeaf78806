"""Services of AWS that answer clients themselves and take a web ACL: how they are found and read."""

from abc import abstractmethod
from typing import ClassVar, Literal

from opsctl.block.elbv2 import region_of_arn
from opsctl.block.node_kinds.reading import web_acl_of_resource
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching
from opsctl.model.value import Value


class Served(Value):
    """One thing of such a service.

    `arn` is what AWS WAF protects, `hosts` are the names that it answers. `shut` says why nobody gets in from the
    internet, empty when everybody does; `links` lead on.
    """

    name: str
    arn: str
    hosts: tuple[str, ...] = ()
    shut: str = ""
    remarks: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    unknown: tuple[str, ...] = ()


class ProtectedService(NodeKind):
    """A place is named by the ARN of what is protected, or by one that tells more; gate: its web ACL.

    `mark` is the part of an ARN that only this service has.
    """

    mark: ClassVar[str]
    scope: ClassVar[Literal["REGIONAL", "CLOUDFRONT"]] = "REGIONAL"

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by ARN or by a host name of its domains."""
        if text.startswith("arn:"):
            return Naming(places=(self.place(text),) if self.mark in text else ())
        name = text.lower()
        if self.domains is None or not self.domains.search(name):
            return Naming()
        found = yield from self.behind(name, survey)
        return found

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read it with its web ACL."""
        found = yield from self.served(place, survey)
        if isinstance(found, str):
            return Node(
                place=place, title=place.id, name=place.id, resource=place.id, blind=found, entrance=place.id
            )
        waf = yield from web_acl_of_resource(found.arn, survey, self.scope)
        return Node(
            place=place,
            title=f"{self.title} {found.name}",
            name=found.name,
            resource=found.arn,
            relays=True,
            gates=(waf,),
            answers_to=frozenset(found.hosts),
            entrance="" if found.shut else next(iter(found.hosts), found.arn),
            links=found.links,
            unknown=found.unknown,
            remarks=(*found.remarks, *([found.shut] if found.shut else [])),
        )

    def place(self, arn: str) -> Place:
        """Name a place by its ARN."""
        return Place(kind=self.kind, id=arn, region=region_of_arn(arn))

    @abstractmethod
    def served(self, place: Place, survey: Survey) -> Fetching[Served | str]:
        """Read what stands at a place; a text says why nobody can tell."""
