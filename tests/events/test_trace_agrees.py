"""What a trace says of each step against what the sandbox delivers, in random accounts.

The sandbox judges policies, keys and filters by code of its own, and moto matches the filters of subscriptions:
`delivers` has to mean that it arrived, `blocked` that it did not, and of what passes in part the walk of the same
event has to tell which.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from opsctl.events.arns import named
from opsctl.events.delivery_graph import Delivery, DeliveryEdge
from opsctl.events.event_forms import event_from
from opsctl.events.exploring import explore, explore_back
from opsctl.events.walking import walk_event
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.conditions import Conditions
from tests.kit.deliveries import is_part_of
from tests.kit.moto_account import World, client
from tests.kit.queues import receive, there
from tests.kit.random_deliveries import ATTRIBUTES, DETAIL, MESSAGE, RandomAccount
from tests.kit.samples import number_for, some_or_all
from tests.kit.timed import move, timed_world

ROUNDS = 12
Told = tuple[World, Conditions]


Walks = list[Delivery]


def walked(world: World, source: str, *events: Json) -> Walks:
    """Trace from a resource by what the account tells, then take each event along."""
    explored = run_fetching(explore(source, world.about()), world.reader())
    forms = [event_from(json.dumps(one), named(source).kind) for one in events]
    return [walk_event(explored.delivery, explored.ways, one, world.about()) for one in forms]


class Arrivals:
    """What arrived where, by ARN."""

    def __init__(self, about: Conditions, delivery: Delivery) -> None:
        move(about, 1)
        self._called = list(about.invocations)
        self._exists = {one.arn for one in delivery.nodes if one.exists}

    def at(self, arn: str) -> list[str]:
        """The bodies that a queue or function got, or the queue behind a topic."""
        service, name = arn.split(":")[2], arn.rpartition(":")[2]
        if service == "lambda":
            return [one.payload for one in self._called if one.function == name]
        if arn not in self._exists:
            return []
        name = f"{name}-all" if service == "sns" else name
        if not there(name):
            return []
        url = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        return [one["Body"] for one in receive(url) if "s3:TestEvent" not in one["Body"]]


def disagreements(walks: Walks, got: Arrivals, counts: Counter[str]) -> Iterator[str]:
    """Compare each last step with what arrived; one step leads to each target, and perhaps one for what fails."""
    for number, edge in enumerate(walks[0].edges):
        if edge.source.endswith("-all") or edge.target.endswith("-all") or ":events:" in edge.target:
            continue
        outcomes = {one.edges[number].event.outcome for one in walks if one.edges[number].event}  # type: ignore[union-attr]
        arrived = bool(got.at(edge.target))
        counts[edge.verdict] += 1
        said = _failed(walks, edge) if edge.failure else _said(edge, outcomes)
        if said is not None and said != arrived:
            yield f"{edge.source} > {edge.target}: {edge.verdict}, {outcomes}, {edge.why}: arrived {arrived}"


def _said(edge: DeliveryEdge, outcomes: set[str]) -> bool | None:
    """Whether something has to be there; None where the trace does not say."""
    if edge.verdict == "blocked":
        return False
    return True if "passes" in outcomes else None if "unknown" in outcomes else False


def _failed(walks: Walks, edge: DeliveryEdge) -> bool | None:
    """A dead letter is there when an event came to a step that is blocked, and the step for what fails is not.

    What is handed to a function that is throttled is taken by Lambda.
    """
    (number,) = (at for at, one in enumerate(walks[0].edges) if one.dead_letter == edge.target)
    outcomes = {one.edges[number].event.outcome for one in walks if one.edges[number].event}  # type: ignore[union-attr]
    step = walks[0].edges[number]
    if edge.verdict == "blocked" or not outcomes or outcomes <= {"passes", "filtered"}:
        return False
    if "throttled" in step.causes or "the rule is disabled" in step.why:
        return None if len(step.why) > 1 else False
    return True if outcomes == {"blocked"} and edge.verdict == "delivers" else None


def misshapen(walks: Walks, got: Arrivals) -> Iterator[str]:
    """What arrived in another form than the walk told, as far as it told one; ids and times are the service's."""
    told: dict[str, list[Json]] = {}
    for end in (one for walk in walks for one in walk.ends or () if one.certain):
        told.setdefault(end.arn, []).append(_plain(end.body))
    for arn, forms in told.items():
        for body in got.at(arn):
            # Whether S3 encodes a slash in a key is told in both ways; consumers decode it.
            if not any(is_part_of(one, _plain(body.replace("%2F", "/"))) for one in forms):
                yield f"{arn}: {body} is none of {forms}"


def _plain(body: str) -> Json:
    try:
        told = json.loads(body)
    except ValueError:
        return body
    return (
        {name: value for name, value in told.items() if name not in ("id", "time")}
        if isinstance(told, dict)
        else told
    )


def checked(walks: Walks, about: Conditions) -> Counter[str]:
    """Compare everything; returns how often each verdict was given."""
    counts: Counter[str] = Counter()
    got = Arrivals(about, walks[0])
    found = [*disagreements(walks, got, counts), *misshapen(walks, got)]
    assert found == [], "\n".join(found)
    return counts


def rounds(share: int, name: str) -> Sequence[str]:
    """The seeds of a run: one by default, all when asked for."""
    return [f"{name} {number_for(name)} {one}" for one in range(ROUNDS // share)]


Round = Callable[[RandomAccount, Told], Counter[str]]


def _topic(made: RandomAccount, told: Told) -> Counter[str]:
    topic = made.topic(queues=14, functions=4)
    # More than ten attributes are too many for raw delivery.
    more = {f"a{one}": {"DataType": "String", "StringValue": "x"} for one in range(made.random.choice([0, 8, 9]))}
    attributes = {**ATTRIBUTES, **more}
    walks = walked(told[0], topic, {"Message": MESSAGE, "MessageAttributes": attributes})
    client("sns").publish(TopicArn=topic, Message=MESSAGE, MessageAttributes=attributes)
    return checked(walks, told[1])


def _rules(made: RandomAccount, told: Told) -> Counter[str]:
    made.rules(count=5, targets=4)
    event: Json = {"source": "shop", "detail-type": "Order", "detail": DETAIL, "account": told[0].account}
    walks = walked(told[0], made.arn("events", "event-bus/default"), event)
    entry = {"Source": "shop", "DetailType": "Order", "Detail": json.dumps(DETAIL)}
    assert client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    return checked(walks, told[1])


def _bucket(made: RandomAccount, told: Told) -> Counter[str]:
    name = made.bucket(entries=14)
    made.rules(2, 4, [{"source": ["aws.s3"], "detail": {"bucket": {"name": [name]}}}])
    keys = [f"{number}/a.jpg" for number in range(14)]
    events = [{"eventName": "ObjectCreated:Put", "key": key} for key in keys]
    walks = walked(told[0], f"arn:aws:s3:::{name}", *events)
    for key in keys:
        client("s3").put_object(Bucket=name, Key=key, Body=b"x")
    return checked(walks, told[1])


def _schedules(made: RandomAccount, told: Told) -> Counter[str]:
    counts: Counter[str] = Counter()
    names = made.schedules(10)
    reader, about = told[0].reader(), told[0].about()
    found = [
        run_fetching(explore(made.arn("scheduler", f"schedule/default/{one}"), about), reader) for one in names
    ]
    move(told[1], 3601)
    for one in found:
        got = Arrivals(told[1], one.delivery)
        for edge in one.delivery.edges:
            if ":sns:" in edge.source:
                continue
            counts[edge.verdict] += 1
            if edge.verdict != "unknown":
                assert bool(got.at(edge.target)) is (edge.verdict == "delivers"), edge
    return counts


@pytest.mark.parametrize("share", some_or_all(ROUNDS))
@pytest.mark.parametrize("kind", [_topic, _rules, _bucket, _schedules], ids=lambda one: one.__name__[1:])
def test_what_is_said_to_be_delivered_arrives_and_nothing_else(kind: Round, share: int) -> None:
    whole: Counter[str] = Counter()
    for seed in rounds(share, kind.__name__):
        with timed_world() as told:
            whole += kind(RandomAccount(seed, told[0].account), told)
    assert whole["unknown"] < sum(whole.values()) / 2
    assert whole["blocked"] > 0
    # One account of a few steps may have none.
    assert whole["delivers"] + whole["filtered"] > 0 or share > 1


def test_what_hands_on_is_found_back_from_where_it_leads() -> None:
    with timed_world() as (world, _):
        made = RandomAccount(f"back {number_for('back')}", world.account)
        starts = [made.topic(queues=3, functions=1), f"arn:aws:s3:::{made.bucket(entries=3)}"]
        made.rules(count=1, targets=3)
        starts += [
            made.arn("events", "rule/r0"),
            made.arn("scheduler", f"schedule/default/{made.schedules(1)[0]}"),
        ]
        reader, about = world.reader(), world.about()
        there = [run_fetching(explore(one, about), reader).delivery for one in starts]
        for delivery in there:
            exist = {one.arn for one in delivery.nodes if one.exists}
            for edge in delivery.edges:
                # What a queue's policy does not let in is asked neither for notifications nor for dead letters.
                shut = edge.why and (":s3:" in edge.source or edge.failure)
                if edge.source not in starts or edge.target not in exist or shut:
                    continue
                back = run_fetching(explore_back(edge.target, about), reader).delivery
                found = (edge.source, edge.target) in {(one.source, one.target) for one in back.edges}
                assert found or (edge.failure and any("whose dead letters" in one for one in back.unknown)), edge
