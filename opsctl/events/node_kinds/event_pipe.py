"""EventBridge Pipes: from a source through a filter and an enrichment to one target.

Source: EventBridge Pipes guide and API; a pipe reads and sends by its role.
"""

from opsctl.events.arns import named
from opsctl.events.delivery_graph import DeliveryNode, Verdict
from opsctl.events.hops import Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, read_of
from opsctl.events.selections import MappingSelection
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json

_SEVERAL_CALLS = ("stream", "delivery stream", "state machine")


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read the pipe."""
    name = place.arn.rpartition("/")[2]
    told = ResourceAnswers()
    found = (yield from told.ask([("pipe", read_of("pipes", "DescribePipe", Name=name))]))["pipe"]
    node = DeliveryNode(
        arn=place.arn,
        kind="pipe",
        name=name,
        notes=(f"enriched by {found['Enrichment']}",) if (found or {}).get("Enrichment") else (),
        unknown=tuple(told.unknown),
        exists=not told.missing,
    )
    return ReadResource(node=node, hops=(_target(found),) if (found or {}).get("Target") else ())


def _target(found: Json) -> Hop:
    filters = ((found.get("SourceParameters") or {}).get("FilterCriteria") or {}).get("Filters") or []
    patterns = [str(one.get("Pattern", "")) for one in filters]
    verdict: Verdict = "filtered" if patterns else "delivers"
    return Hop(
        to=Waypoint(arn=str(found["Target"])),
        by="target of the pipe",
        verdict=verdict,
        passes=" or ".join(patterns),
        role=str(found.get("RoleArn", "")),
        calls="?" if named(str(found["Target"])).kind in _SEVERAL_CALLS else "",
        lost="the filter does not match: the pipe removes the message from a queue" if patterns else "",
        takes=MappingSelection(patterns=tuple(patterns)) if patterns else None,
        makes="pipe",
        settings={
            "queue": str(found.get("Source", "")),
            "enrichment": str(found.get("Enrichment", "")),
            "template": str((found.get("TargetParameters") or {}).get("InputTemplate", "")),
        },
    )
