"""The graph of a delivery: resources that events pass, and what happens to an event on each edge between them."""

from typing import Literal

from opsctl.model.value import Value

Verdict = Literal["delivers", "filtered", "blocked", "unknown"]
"""What an edge does to an event that comes to it: `filtered` passes a part of them, `blocked` none."""

VERDICTS: tuple[Verdict, ...] = ("blocked", "unknown", "filtered", "delivers")
"""From the worst to the best; an unknown edge may be a blocked one."""


class DeliveryNode(Value):
    """A resource that events pass, by its ARN; `unknown` says what of it could not be read.

    `ends` marks what nothing of the account's settings leads on from: a consumer, or a kind that is not followed.
    `region` is that of a bucket whose ARN does not tell it, where it was asked for.
    """

    arn: str
    kind: str
    name: str
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    exists: bool = True
    region: str = ""
    ends: bool = False


class EventStep(Value):
    """What one concrete event meets on an edge: whether it gets over it, and why not or why nobody can tell.

    `second_opinion` is the command by which AWS itself says whether a pattern matches.
    """

    outcome: Literal["passes", "filtered", "blocked", "unknown"]
    why: str = ""
    second_opinion: str = ""


class EventEnd(Value):
    """Where one concrete event comes to: what nothing leads on from, and the body that arrives there."""

    arn: str
    body: str
    certain: bool = True


class StepSettings(Value):
    """What a step is by its own settings: `by` what events are handed on (a subscription, a rule's target).

    `verdict` is what it does to an event, `why` its reasons. `retry`, `order`, `duplicates` say in a sentence each
    what AWS promises there, `lost` when an event is lost although the step delivers. `dead_letter` is the ARN
    where failures go, empty when they go nowhere; `failure` marks a step on which only failures go. `causes` are
    the ids of what an audit finds there.
    """

    by: str
    verdict: Verdict = "delivers"
    why: tuple[str, ...] = ()
    passes: str = ""
    retry: str = ""
    order: str = ""
    duplicates: str = ""
    lost: str = ""
    dead_letter: str = ""
    failure: bool = False
    causes: tuple[str, ...] = ()


class DeliveryEdge(StepSettings):
    """One resource hands events to another, judged from both ends; `event` is what a concrete one meets there."""

    source: str
    target: str
    event: EventStep | None = None


class Delivery(Value):
    """What leads on from a resource, or with `back` what leads to it; the first node is the one asked about.

    `ends` is where a concrete event comes to, when one was asked about; None when none was.
    """

    start: str
    back: bool = False
    nodes: tuple[DeliveryNode, ...]
    edges: tuple[DeliveryEdge, ...]
    unknown: tuple[str, ...] = ()
    ends: tuple[EventEnd, ...] | None = None
