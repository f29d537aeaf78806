"""From a target's text to the graph of its ways in, over every kind of node there is."""

from opsctl.block.inspection.looking import route_reads, with_firewalls
from opsctl.block.node_kinds.registry import every_node_kind
from opsctl.block.topology.explore import Ahead, explore, nothing_ahead
from opsctl.block.topology.finding import find_target, finder
from opsctl.block.topology.graph import Web
from opsctl.block.topology.survey import Survey
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching
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
    _, start = yield from both(survey.prefetch(list(bulk.values())), find_target(target, node_kinds, survey))
    web = yield from explore(start, node_kinds, survey, ahead)
    web = yield from with_firewalls(web, survey)
    return web, survey
