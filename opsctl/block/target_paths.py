"""From a target's text to the graph of its ways in, over every kind of node there is."""

from collections.abc import Sequence

from opsctl.block.inspection.looking import route_reads, with_firewalls
from opsctl.block.node_kinds.registry import every_node_kind
from opsctl.block.topology.explore import Ahead, explore, nothing_ahead
from opsctl.block.topology.finding import find_target, finder
from opsctl.block.topology.graph import Web
from opsctl.block.topology.naming import Place
from opsctl.block.topology.survey import Survey
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching, first_reads
from opsctl.model.reads import Read
from opsctl.model.run import Context


def paths_to(target: str, about: Context, ahead: Ahead = nothing_ahead) -> Fetching[tuple[Web, Survey]]:
    """Find a target and explore from it; the survey remembers everything that was read.

    `ahead` names what the caller is going to ask about a node.

    Raises:
        InvalidInput: nothing, or more than one thing, has that name.
        RefusedByGuard: nobody can tell, because something could not be read.
    """
    node_kinds = every_node_kind()
    survey = Survey(about, finder(node_kinds))
    bulk = {read.key: read for kind in node_kinds for read in kind.bulk(about.region)}
    bulk |= {read.key: read for read in route_reads(about.region)}

    def about_guess(place: Place) -> Sequence[Read]:
        return first_reads(explore(place, node_kinds, survey, ahead))

    finding = find_target(target, node_kinds, survey, about_guess)
    _, start = yield from both(survey.prefetch(list(bulk.values())), finding)
    web = yield from explore(start, node_kinds, survey, ahead)
    web = yield from with_firewalls(web, survey)
    return web, survey
