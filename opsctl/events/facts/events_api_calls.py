"""Reads what a rule for API calls needs: a trail that logs them, and a destination that can be written to.

Source: EventBridge guide, "AWS service events delivered via CloudTrail" (calls that begin with Get, List or
Describe come only to rules in the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS; global services report to
us-east-1; object calls of S3 are data events).
"""

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.events.kms_keys import read_keys, what_key_refuses
from opsctl.events.rule_permissions import SERVICE
from opsctl.events.trails import TrailsRead, read_trails
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value, fingerprint
from opsctl.resources.actions.events_rule import describe_rule
from opsctl.resources.dead_letter_reads import topic_attributes
from opsctl.resources.queue_facts import find_queue, queue_attributes

DETAIL_TYPE = "AWS API Call via CloudTrail"
_EVENT_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*")
_CALL = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,256}")
_READ = ("Get", "List", "Describe")
_READS_THAT_COME = ("GetFederationToken", "GetSessionToken")
_GLOBAL = ("iam.amazonaws.com", "route53.amazonaws.com", "cloudfront.amazonaws.com", "organizations.amazonaws.com")
_HOME_OF_GLOBAL = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_OBJECT_CALLS = ("PutObject", "DeleteObject", "DeleteObjects", "CopyObject", "GetObject", "HeadObject")
_OBJECTS = "AWS::S3::Object"


class EventsApiCallsRead(Value):
    """A rule that is wanted for API calls, with where it sends them.

    `never` are calls that would not come as asked, `unlogged` says that no trail logs them, `refused` that the
    destination cannot be written to, `doubtful` what could not be told.
    """

    event_source: str
    rule: str
    pattern: dict[str, Json]
    destination: str
    name: str
    url: str = ""
    group: str = ""
    there: bool = False
    never: tuple[str, ...] = ()
    unlogged: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


class _Destination(Value):
    """Where the events go, and why nothing would get there."""

    arn: str
    url: str = ""
    fifo: bool = False
    refused: tuple[str, ...] = ()


class EventsApiCalls(Fact):
    """Read trails and a queue or topic for a rule that hands on API calls."""

    name: ClassVar[str] = "events.api_calls"
    Result: ClassVar[type[Value]] = EventsApiCallsRead
    services: ClassVar[tuple[str, ...]] = ("cloudtrail", "events", "sqs", "sns", "kms")

    service: str = Field(description="Service as CloudTrail names it: iam, or iam.amazonaws.com.")
    calls: tuple[str, ...] = Field(description="Names of API calls.")
    to: str = Field(description="Queue, or topic:NAME: name, URL or ARN.")
    reads: bool = Field(default=False, description="Whether calls that only read are wanted as well.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the destination, then the rule and the trails."""
        source, calls = self._asked()
        destination = yield from _destination(self.to, about)
        rule = (
            f"opsctl-{source.partition('.')[0][:30]}-calls-{fingerprint([source, calls, destination.arn])[7:15]}"
        )
        (known,) = yield [describe_rule(rule)]
        if known.refusal is not None and known.refusal.kind is not RefusalKind.MISSING:
            raise FactUnknown(known.refusal)
        trails = yield from read_trails(about)
        detail: dict[str, Json] = {"eventSource": [source], "eventName": list(calls)}
        return EventsApiCallsRead(
            event_source=source,
            rule=rule,
            pattern={"detail-type": [DETAIL_TYPE], "detail": detail},
            destination=destination.arn,
            name=destination.arn.rpartition(":")[2],
            url=destination.url,
            group=source if destination.fifo else "",
            there=known.refusal is None,
            never=tuple(self.never_come(source, calls, about)),
            unlogged=tuple(unlogged(source, calls, trails, reads=self.reads)),
            refused=destination.refused,
            doubtful=tuple(_doubts(trails)),
        )

    def _asked(self) -> tuple[str, tuple[str, ...]]:
        name = self.service.lower()
        source = name if name.endswith(".amazonaws.com") else f"{name}.amazonaws.com"
        if not _EVENT_SOURCE.fullmatch(source):
            raise InvalidInput.one(f"{self.service!r} is no service", source="service", hint="such as iam or s3")
        wrong = [one for one in self.calls if not _CALL.fullmatch(one)]
        if wrong or not self.calls:
            raise InvalidInput.one(
                f"not the name of an API call: {', '.join(wrong)}", source="calls", hint="such as CreateUser"
            )
        return source, tuple(sorted(set(self.calls)))

    def never_come(self, source: str, calls: Sequence[str], about: Context) -> Iterator[str]:
        """Say which calls would never come to the rule, whatever a trail logs."""
        home = _HOME_OF_GLOBAL.get(about.identity.partition, about.region)
        if source in _GLOBAL and about.region != home:
            yield f"{source} reports its calls to {home} alone: make the rule there"
        if not self.reads:
            for one in calls:
                if one.startswith(_READ) and one not in _READS_THAT_COME:
                    yield f"{one} only reads, and comes to no ordinary rule: add --reads"


def unlogged(source: str, calls: Sequence[str], told: TrailsRead, *, reads: bool) -> Iterator[str]:
    """Say which calls no trail logs, as far as the trails could be read."""
    trails = [one for one in told.trails if one.logging]
    if told.unknown or any(one.unknown for one in told.trails):
        return
    objects = [one for one in calls if source == "s3.amazonaws.com" and one in _OBJECT_CALLS]
    if objects and not any(_OBJECTS in one.data for one in trails):
        yield f"{', '.join(objects)}: data events, and no trail logs those of {_OBJECTS}"
    if len(objects) == len(calls):
        return
    managing = [one for one in trails if source not in one.excluded and (one.writes or one.reads)]
    if source in _GLOBAL:
        managing = [one for one in managing if one.global_services]
    if not managing:
        stopped = [one.name for one in told.trails if not one.logging]
        yield f"no trail logs management events of {source}" + (f" ({', '.join(stopped)}: off)" if stopped else "")
    elif reads and not any(one.reads for one in managing):
        yield f"no trail logs calls of {source} that only read"
    elif not any(one.writes for one in managing):
        yield f"no trail logs calls of {source} that change something"


def _doubts(told: TrailsRead) -> Iterator[str]:
    if told.unknown:
        yield f"whether a trail logs them: {told.unknown}"
    for one in told.trails:
        if one.unknown:
            yield f"whether trail {one.name} logs them: {one.unknown}"


def _destination(asked: str, about: Context) -> Fetching[_Destination]:
    if asked.startswith("topic:") or asked.split(":")[2:3] == ["sns"]:
        return (yield from _topic(asked, about))
    queue = yield from find_queue(asked.removeprefix("queue:"), about, source="to")
    (told,) = yield [queue_attributes(queue.url)]
    attributes = (told.value or {}).get("Attributes") or {}
    refused = list((yield from _refused_by_key(queue.name, queue.key, about)))
    if queue.fifo and attributes.get("ContentBasedDeduplication") != "true":
        refused.append(
            f"{queue.name} is a FIFO queue without content-based deduplication: EventBridge gives no other"
        )
    return _Destination(arn=queue.arn, url=queue.url, fifo=queue.fifo, refused=tuple(refused))


def _topic(asked: str, about: Context) -> Fetching[_Destination]:
    here = f"arn:{about.identity.partition}:sns:{about.region}:{about.account}:"
    name = asked.removeprefix("topic:").removeprefix(here)
    if not _TOPIC.fullmatch(name):
        hint = "a standard topic of this account and region: EventBridge does not publish to FIFO topics"
        raise InvalidInput.one(f"{asked!r} is no topic for this", source="to", hint=hint)
    (answer,) = yield [topic_attributes(here + name)]
    if answer.refusal is not None:
        if answer.refusal.kind is not RefusalKind.MISSING:
            raise FactUnknown(answer.refusal)
        raise InvalidInput.one(f"there is no topic {name!r} in {about.region}", source="to")
    key = str(answer.value["Attributes"].get("KmsMasterKeyId") or "")
    refused = yield from _refused_by_key(name, key, about)
    return _Destination(arn=here + name, refused=refused)


def _refused_by_key(name: str, key: str, about: Context) -> Fetching[tuple[str, ...]]:
    keys = yield from read_keys([key])
    if key not in keys:
        return ()
    refused, _ = what_key_refuses(keys[key], service=SERVICE, on_behalf_of="", account=about.account)
    return (f"{name}: {refused}; use a key of your own that lets {SERVICE} use it",) if refused else ()
