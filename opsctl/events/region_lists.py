"""Lists of a whole region, from which reads of one resource are answered where a list tells as much.

A trace asks each queue for its event source mappings, and each rule for itself: of thousands, the pages of a list
cost less. What no list tells is asked for: attributes of a queue and of a subscription, targets of a rule, the
notifications of a bucket.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from opsctl.events.arns import bus_and_rule
from opsctl.events.resource_answers import items_of, read_of
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json
from opsctl.resources.dead_letter_reads import (
    list_buses,
    list_functions,
    list_mappings,
    list_queues,
    list_rules,
    list_schedules,
    list_subscriptions,
)

T = TypeVar("T")
_ALARMS: Json = ["MetricAlarm", "CompositeAlarm"]
_OF_ALARMS = ("MetricAlarms", "CompositeAlarms")
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_ONLY_CLASSIC = {"custom event buses": "; of EventBridge only event buses with rules were looked at"}


class RegionLists:
    """The lists that were answered, and what could not be listed; `cut` says which lists are not whole."""

    def __init__(self) -> None:
        self.told: dict[str, Json] = {}
        self.rules: dict[str, Json] = {}
        self.unknown: list[str] = []

    def read(self) -> Fetching["RegionLists"]:
        """List everything at once, then the rules of each bus."""
        reads = {
            "buckets": read_of("s3", "ListBuckets"),
            "topics": read_of("sns", "ListTopics"),
            "subscriptions": list_subscriptions(),
            "queues": list_queues(),
            "functions": list_functions(),
            "event source mappings": list_mappings(),
            "pipes": read_of("pipes", "ListPipes"),
            "event buses": list_buses(),
            "archives": read_of("events", "ListArchives"),
            "custom event buses": read_of("eventbridgev2", "ListEventBuses"),
            "schedules": list_schedules(),
            "alarms": read_of("cloudwatch", "DescribeAlarms", AlarmTypes=_ALARMS),
            "REST APIs": read_of("apigateway", "GetRestApis"),
            "HTTP APIs": read_of("apigatewayv2", "GetApis"),
        }
        answers = yield list(reads.values())
        for name, answer in zip(reads, answers, strict=True):
            self._keep(self.told, name, name, answer)
        buses = [str(one["Name"]) for one in self.items("event buses", "EventBuses")]
        found = yield from gather([_once(list_rules(bus)) for bus in buses])
        for bus, answer in zip(buses, found, strict=True):
            self._keep(self.rules, bus, f"rules of bus {bus}", answer)
        return self

    def _keep(self, into: dict[str, Json], key: str, what: str, answer: Answer) -> None:
        if answer.refusal is not None:
            self.unknown.append(f"{what}: {answer.refusal}{_ONLY_CLASSIC.get(what, '')}")
        else:
            into[key] = answer.value or {}
            if into[key].get("NextToken"):
                self.unknown.append(f"not all {what} were looked at")

    def items(self, name: str, member: str) -> Iterator[Json]:
        """Go through a list."""
        return items_of(self.told.get(name), member)

    def answer(self, read: Read) -> Answer | None:
        """Answer a read of one resource from the lists; None when they do not tell."""
        if read.region is not None:
            return None
        make = {
            "lambda.ListEventSourceMappings": self._mappings,
            "pipes.ListPipes": self._pipes,
            "sns.ListSubscriptionsByTopic": self._subscriptions,
            "events.ListRules": self._rules,
            "events.DescribeRule": self._rule,
            "sqs.GetQueueUrl": self._queue,
            "cloudwatch.DescribeAlarms": self._alarm,
        }.get(read.api)
        value = make(read.params) if make else None
        return None if value is None else Answer(value=value)

    def _mappings(self, params: dict[str, Json]) -> Json:
        source = params.get("EventSourceArn")
        if source is None or "event source mappings" not in self.told:
            return None
        found = self.items("event source mappings", "EventSourceMappings")
        return {"EventSourceMappings": [one for one in found if one.get("EventSourceArn") == source]}

    def _pipes(self, params: dict[str, Json]) -> Json:
        source = params.get("SourcePrefix")
        if source is None or "pipes" not in self.told:
            return None
        return {"Pipes": [one for one in self.items("pipes", "Pipes") if one.get("Source") == source]}

    def _subscriptions(self, params: dict[str, Json]) -> Json:
        if "subscriptions" not in self.told or self.told["subscriptions"].get("NextToken"):
            return None
        found = self.items("subscriptions", "Subscriptions")
        return {"Subscriptions": [one for one in found if one.get("TopicArn") == params["TopicArn"]]}

    def _rules(self, params: dict[str, Json]) -> Json:
        return self.rules.get(str(params.get("EventBusName", "default")))

    def _rule(self, params: dict[str, Json]) -> Json:
        listed = self.rules.get(str(params.get("EventBusName", "default")))
        return next((one for one in items_of(listed, "Rules") if one["Name"] == params["Name"]), None)

    def _queue(self, params: dict[str, Json]) -> Json:
        name = params["QueueName"]
        urls = (str(one) for one in self.items("queues", "QueueUrls"))
        found = next((one for one in urls if one.rpartition("/")[2] == name), None)
        return None if found is None else {"QueueUrl": found}

    def _alarm(self, params: dict[str, Json]) -> Json:
        names = params.get("AlarmNames")
        if names is None or "alarms" not in self.told:
            return None
        return {
            kind: [one for one in self.items("alarms", kind) if one["AlarmName"] in names] for kind in _OF_ALARMS
        }

    def starts(self, *, partition: str, region: str, account: str) -> list[str]:
        """The ARNs of everything that hands events on."""
        queues = [str(one).rpartition("/")[2] for one in self.items("queues", "QueueUrls")]
        rules = [str(one["Arn"]) for listed in self.rules.values() for one in items_of(listed, "Rules")]
        alarms = [one for kind in _OF_ALARMS for one in self.items("alarms", kind)]
        apis = f"arn:{partition}:apigateway:{region}::"
        return [
            *(f"arn:{partition}:s3:::{one['Name']}" for one in self.items("buckets", "Buckets")),
            *(str(one["TopicArn"]) for one in self.items("topics", "Topics")),
            *(str(one["Arn"]) for one in self.items("event buses", "EventBuses")),
            *rules,
            *(str(one["EventBusArn"]) for one in self.items("custom event buses", "EventBuses")),
            *(str(one["Arn"]) for one in self.items("schedules", "Schedules")),
            *(str(one["AlarmArn"]) for one in alarms if any(one.get(name) for name in _ACTIONS)),
            *(f"{apis}/restapis/{one['id']}" for one in self.items("REST APIs", "items")),
            *(f"{apis}/apis/{one['ApiId']}" for one in self.items("HTTP APIs", "Items")),
            *(f"arn:{partition}:sqs:{region}:{account}:{name}" for name in queues),
        ]

    def state_of(self, rule_arn: str) -> Json:
        """A rule as it is listed; empty when it is not."""
        bus, name = bus_and_rule(rule_arn)
        return self._rule({"EventBusName": bus, "Name": name}) or {}


def _once(read: Read) -> Fetching[Answer]:
    answers = yield [read]
    return answers[0]


def answered_from(lists: RegionLists, fetching: Fetching[T]) -> Fetching[T]:
    """Run a fetching; what the lists tell is not asked for."""
    try:
        wanted = next(fetching)
        while True:
            known = [lists.answer(read) for read in wanted]
            left = [read for read, answer in zip(wanted, known, strict=True) if answer is None]
            asked: Sequence[Answer] = (yield left) if left else ()
            rest = iter(asked)
            wanted = fetching.send([next(rest) if answer is None else answer for answer in known])
    except StopIteration as stop:
        found: T = stop.value
        return found
