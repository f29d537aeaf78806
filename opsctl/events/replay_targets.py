"""The rules that a replay would reach, and which of their targets are known not to take an event twice.

Sources: EventBridge guide, "Event bus targets" (what a target does with an event) and "Replaying archived events"
(a pattern with `replay-name` that must not exist keeps a rule out of replays).
"""

from collections.abc import Sequence

from opsctl.events.arns import named
from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context
from opsctl.model.value import Json, Value
from opsctl.resources.event_patterns import Pattern

PEOPLE = ("email", "email-json", "sms", "application", "http", "https")
_RUNS = {
    "states": "starts an execution",
    "ecs": "starts tasks",
    "batch": "submits a job",
    "ssm": "runs a command",
    "ec2": "acts on instances",
    "codebuild": "starts a build",
    "codepipeline": "starts a pipeline",
    "glue": "starts a workflow",
    "redshift": "runs a statement",
    "redshift-serverless": "runs a statement",
    "sagemaker": "starts a pipeline",
}


class ReplayedRule(Value):
    """A rule of the bus: `keeps_out` by its own pattern, `repeats` what an event does there a second time."""

    name: str
    arn: str
    enabled: bool
    keeps_out: bool
    targets: tuple[str, ...]
    repeats: tuple[str, ...] = ()
    no_dead_letter: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def takes_part(self) -> bool:
        """Whether a replay to all rules reaches it."""
        return self.enabled and not self.keeps_out


def read_rules(bus: str, about: Context) -> Fetching[list[ReplayedRule]]:
    """Read the rules of a bus that have a pattern, their targets, and who is told by the topics among those."""
    params = {} if bus == "default" else {"EventBusName": bus}
    (listed,) = yield [Read(service="events", operation="ListRules", params=params)]
    rules = [one for one in _items(listed, "Rules") if one.get("EventPattern") and not one.get("ManagedBy")]
    reads = [
        Read(service="events", operation="ListTargetsByRule", params={**params, "Rule": str(one["Name"])})
        for one in rules
    ]
    targets = (yield reads) if reads else []
    topics = sorted(
        {str(one["Arn"]) for answer in targets for one in _items(answer, "Targets") if ":sns:" in str(one["Arn"])}
    )
    asked = [Read(service="sns", operation="ListSubscriptionsByTopic", params={"TopicArn": one}) for one in topics]
    told = dict(zip(topics, (yield asked) if asked else [], strict=True))
    return [_rule(one, answer, told, about) for one, answer in zip(rules, targets, strict=True)]


def _items(answer: Answer, name: str) -> list[Json]:
    if answer.refusal is not None and not answer.known:
        raise FactUnknown(answer.refusal)
    return list((answer.value or {}).get(name) or [])


def _rule(told: Json, answer: Answer, topics: dict[str, Answer], about: Context) -> ReplayedRule:
    targets = _items(answer, "Targets")
    arns = [str(one["Arn"]) for one in targets]
    repeats, unknown = [], []
    for arn in arns:
        again, unsure = _again(arn, topics.get(arn), about)
        repeats += [again] if again else []
        unknown += [unsure] if unsure else []
    return ReplayedRule(
        name=str(told["Name"]),
        arn=str(told["Arn"]),
        enabled=told.get("State") != "DISABLED",
        keeps_out=_keeps_out(str(told["EventPattern"])),
        targets=tuple(f"{named(arn).kind} {named(arn).name}" for arn in arns),
        repeats=tuple(repeats),
        unknown=tuple(unknown),
        no_dead_letter=tuple(
            f"{named(arn).kind} {named(arn).name}"
            for arn, one in zip(arns, targets, strict=True)
            if not one.get("DeadLetterConfig")
        ),
    )


def _keeps_out(pattern: str) -> bool:
    """Whether a pattern takes no event that has a replay's name; one that cannot be judged may take it."""
    try:
        return not Pattern(pattern).may_match({"replay-name": "opsctl"})
    except ValueError:
        return False


def _again(arn: str, told: Answer | None, about: Context) -> tuple[str, str]:
    """Say what an event does at a target a second time; the second text where that is not known."""
    place = named(arn)
    service = arn.split(":")[2] if arn.count(":") > 2 else ""
    what = f"{place.kind} {place.name}"
    if service == "events" and place.kind == "API destination":
        return f"{what} calls an endpoint outside AWS again", ""
    if service == "events":
        elsewhere = (
            f" of account {place.account} in {place.region}" if _far(place.account, place.region, about) else ""
        )
        return f"{what}{elsewhere} gets the event again, and its own rules act", ""
    if service in _RUNS:
        return f"{what} {_RUNS[service]} again", ""
    if told is None:
        return "", f"{what}: whether it takes an event twice is its program's matter"
    if told.refusal is not None:
        return "", f"{what}: who is told by it could not be read: {told.refusal}"
    kinds = sorted({str(one.get("Protocol")) for one in (told.value or {}).get("Subscriptions") or []})
    people = [one for one in kinds if one in PEOPLE]
    if people:
        return f"{what} tells {_listed(people)} again", ""
    return "", f"{what}: whether its subscribers take a message twice is their programs' matter"


def _far(account: str, region: str, about: Context) -> bool:
    return (account, region) != (about.account, about.region)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words)
