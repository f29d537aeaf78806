"""SQS queues: who takes messages out, and where those go that fail too often.

Sources: SQS guide, "Dead-letter queues"; Lambda guide, "Using Lambda with Amazon SQS"; EventBridge Pipes API.
"""

from collections.abc import Iterator

from opsctl.events.delivery_graph import DeliveryNode, Verdict
from opsctl.events.hops import Admission, Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.events.selections import MappingSelection
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.consumers import mappings_of
from opsctl.resources.queue_facts import QueueFacts, parse_queue, queue_attributes, queue_url


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read the queue, its event source mappings, and the pipes that take from it."""
    told = ResourceAnswers()
    first = yield from told.ask(
        [
            ("queue", queue_url(place.arn)),
            ("event source mappings", mappings_of(place.arn)),
            ("pipes", read_of("pipes", "ListPipes", SourcePrefix=place.arn)),
        ]
    )
    value: Json = first["queue"]
    if value:
        value = (yield from told.ask([("attributes", queue_attributes(value["QueueUrl"]))]))["attributes"]
        if value:
            value = {**value, "url": first["queue"]["QueueUrl"]}
    return _stop(place, told, value, first)


def _stop(place: Waypoint, told: ResourceAnswers, value: Json, first: dict[str, Json]) -> ReadResource:
    facts = parse_queue(value["url"], value) if value else None
    takers = [
        *_mappings(place, first["event source mappings"]),
        *(_pipe(one) for one in items_of(first["pipes"], "Pipes") if one.get("Source") == place.arn),
    ]
    working = [one for one in takers if one.verdict != "blocked"]
    notes = [f"{facts.total:,} message{'' if facts.total == 1 else 's'}"] if facts else []
    if len(working) > 1:
        notes.append(f"{len(working)} consumers: each gets a part of the messages, none gets all")
    if not takers and not told.unknown and facts:
        notes.append("no consumer in the account's settings")
    policy = str((value.get("Attributes") or {}).get("Policy", "")) if value else None
    node = DeliveryNode(
        arn=place.arn,
        kind="queue",
        name=place.arn.rpartition(":")[2],
        notes=tuple(notes),
        unknown=tuple(told.unknown),
        exists=not {"queue", "attributes"} & told.missing,
    )
    attributes = (value.get("Attributes") or {}) if value else {}
    admission = Admission(
        action="sqs:SendMessage",
        policy=policy,
        key=facts.key if facts else "",
        fifo=place.arn.endswith(".fifo"),
        deduplicates=not value or attributes.get("ContentBasedDeduplication") == "true",
    )
    hops = (*takers, *_redrive(facts))
    return ReadResource(node=node, hops=hops, admission=admission, waiting=facts.total if facts else 0)


def _mappings(place: Waypoint, found: Json) -> Iterator[Hop]:
    for one in items_of(found, "EventSourceMappings"):
        state = str(one.get("State", ""))
        patterns = [
            str(each.get("Pattern", "")) for each in (one.get("FilterCriteria") or {}).get("Filters") or []
        ]
        off = state in ("Disabled", "Disabling", "Deleting")
        verdict: Verdict = "blocked" if off else "filtered" if patterns else "delivers"
        yield Hop(
            to=Waypoint(arn=str(one.get("FunctionArn", ""))),
            by=f"event source mapping {str(one.get('UUID', ''))[:8]}",
            verdict=verdict,
            why=(f"the mapping is {state.lower()}",) if off else (),
            causes=("mapping-disabled",) if off else ("esm-filter-discards",) if patterns else (),
            passes=" or ".join(patterns),
            retry="again after the visibility timeout, until the queue's maxReceiveCount",
            order="in order within a message group" if place.arn.endswith(".fifo") else "no order",
            duplicates="at least once",
            lost="the filter does not match: Lambda deletes the message" if patterns else "",
            takes=MappingSelection(patterns=tuple(patterns)) if patterns else None,
            makes="sqs-records",
        )


def _pipe(told: Json) -> Hop:
    running = told.get("CurrentState") == "RUNNING"
    return Hop(
        to=Waypoint(arn=str(told["Arn"])),
        by="pipe",
        verdict="delivers" if running else "blocked",
        why=() if running else (f"the pipe is {str(told.get('CurrentState', 'not running')).lower()}",),
    )


def _redrive(facts: QueueFacts | None) -> Iterator[Hop]:
    if facts and facts.dead_letter_arn:
        yield Hop(
            to=Waypoint(arn=facts.dead_letter_arn),
            by=f"dead-letter queue, after {facts.max_receive} receives",
            failure=True,
        )
