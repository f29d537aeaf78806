"""The account of a world: its queues, what fails into the dead-letter queue, and what arrived where."""

import json
import re
from dataclasses import dataclass

from opsctl.aws.translate import kind_of
from opsctl.dlq.park_queues import is_park
from opsctl.model.errors import AwsRefused
from opsctl.model.reads import Answer, Read, Refusal
from opsctl.model.run import Clock, Identity
from opsctl.model.value import Json
from tests.kit.memory_sqs import Faults, MemorySqs, Stored, StoredQueue, url_of
from tests.worlds.dead_letters import ACCOUNT, REGION, arn

NOBODY = Identity(account=ACCOUNT, arn=arn("iam", "user/responder"), region=REGION)
SOURCES = {
    "mixed": ("orders", "bills"),
    "queues": ("orders", "bills"),
    "one": ("orders",),
    "fifo": ("orders", "bills"),
    "through": ("orders",),
}
FIFO = ("fifo", "through")
PLAIN = ("elsewhere", "mail", "sales", "nightly", "aside")
_MARK = re.compile(r"zq-\d+")


@dataclass
class Arrival:
    """What arrived at a place: a queue or `function:NAME`."""

    place: str
    body: str
    tag: str
    group: str = ""
    attributes: Json = None


def tag_of(text: str) -> str:
    """The mark that tells a letter from all others, whatever it is wrapped into."""
    found = set(_MARK.findall(text))
    assert len(found) == 1, text
    return str(found.pop())


class Queues(MemorySqs):
    """The queues, with a list of what arrived by sending; that into parks, and back from them, is kept apart.

    `parked` and `returned` are tags by message id.
    """

    def __init__(self, clock: Clock, faults: Faults) -> None:
        super().__init__(clock, faults)
        self.arrivals: list[Arrival] = []
        self.parked: dict[str, str] = {}
        self.returned: dict[str, str] = {}
        self.tags: dict[str, dict[str, str]] = {}

    @property
    def parks(self) -> list[StoredQueue]:
        """The queues that are opsctl's own."""
        return [queue for name, queue in self.queues.items() if is_park(name)]

    def create(self, params: dict[str, Json]) -> Json:
        """CreateQueue: a queue that is there already with these attributes is that queue."""
        name, attributes = params["QueueName"], params["Attributes"]
        if name in self.queues:
            assert self.queues[name].attributes.items() >= attributes.items()
        else:
            self.make(name, **attributes)
            self.tags[name] = params["tags"]
        return {"QueueUrl": url_of(name)}

    def _ListQueueTags(self, queue: StoredQueue, _params: dict[str, Json]) -> dict[str, Json]:  # noqa: N802
        return {"Tags": self.tags.get(queue.name, {})}

    def _DeleteQueue(self, queue: StoredQueue, params: dict[str, Json]) -> dict[str, Json]:  # noqa: N802
        assert not queue.messages, f"{queue.name} was deleted with what is in it"
        return super()._DeleteQueue(queue, params)

    def _accept(self, queue: StoredQueue, entry: Json) -> Json:
        before = self._number
        answer = super()._accept(queue, entry)
        if self._number != before:
            body, group = entry["MessageBody"], entry.get("MessageGroupId", "")
            if is_park(queue.name):
                self.parked[answer["MessageId"]] = tag_of(body)
            elif queue.name.startswith("dead"):
                self.returned[answer["MessageId"]] = tag_of(body)
            else:
                attributes = entry.get("MessageAttributes")
                self.arrivals.append(Arrival(queue.name, body, tag_of(body), group, attributes))
        return answer

    def letter(self, name: str, body: str, attributes: dict[str, Json], system: dict[str, str]) -> Stored:
        """Put a letter into a queue as AWS itself does."""
        return self._add(self.queues[name], body, attributes, system)


class Account:
    """Implements the `Aws` port over the queues of a world; with `mixed`, everything fails into its queue."""

    identity = NOBODY

    def __init__(self, sqs: Queues, topology: str) -> None:
        self.sqs = sqs
        self.suffix = ".fifo" if topology in FIFO else ""
        self.dead = f"dead{self.suffix}"
        self.mixed = topology == "mixed"
        sqs.make(self.dead, Policy=_POLICY if self.mixed else "")
        to_dead = json.dumps({"deadLetterTargetArn": arn("sqs", self.dead), "maxReceiveCount": 1})
        for name in SOURCES[topology]:
            sqs.make(name + self.suffix, RedrivePolicy=to_dead)
        for name in PLAIN:
            sqs.make(name + self.suffix)

    def takes(self, service: str, operation: str) -> frozenset[str]:
        """Nothing here is edited."""
        return frozenset()

    def read(self, read: Read) -> Answer:
        """Answer as AWS would; what is not there is missing."""
        if read.service == "sqs" and read.operation == "ListMessageMoveTasks":
            return Answer(value={"Results": []})
        if read.service == "sqs" and read.operation == "ListQueues":
            return Answer(value={"QueueUrls": [url_of(one.name) for one in self.sqs.parks]})
        try:
            if read.service == "sqs":
                return Answer(value=self.sqs.call(read.operation, read.params))
            return Answer(value=self._told(read))
        except AwsRefused as refused:
            return Answer(refusal=refused.refusal)

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Invoke a function, send a message, create or delete a queue."""
        assert region in (REGION, None)
        if operation == "CreateQueue":
            return self.sqs.create(params)
        if operation == "DeleteQueue":
            return self.sqs.call(operation, params)
        if (service, operation) == ("lambda", "Invoke"):
            assert params["InvocationType"] == "Event"
            name = re.sub(r":\$LATEST$", "", params["FunctionName"]).rpartition(":")[2]
            body = str(params["Payload"])
            json.loads(body)
            self.sqs.arrivals.append(Arrival(f"function:{name}", body, tag_of(body)))
            return {"StatusCode": 202}
        assert (service, operation) == ("sqs", "SendMessage")
        entry = {"Id": "0", **{name: value for name, value in params.items() if name != "QueueUrl"}}
        answer = self.sqs.call("SendMessageBatch", {"QueueUrl": params["QueueUrl"], "Entries": [entry]})
        for one in answer["Failed"]:
            raise refused_by(one["Code"], "sqs.SendMessage")
        return dict(answer["Successful"][0])

    def _told(self, read: Read) -> Json:
        answers = _ANSWERS if self.mixed else {}
        which = [str(value) for value in read.params.values()]
        for key in (f"{read.api} {value}" for value in which):
            if key in answers:
                return answers[key]
        if read.api in answers:
            return answers[read.api]
        if read.api in _NONE:
            return {_NONE[read.api]: []}
        raise refused_by("ResourceNotFoundException", read.api)


def refused_by(code: str, api: str, message: str = "") -> AwsRefused:
    """A refusal, sorted as opsctl sorts AWS's codes."""
    return AwsRefused(Refusal(kind=kind_of(code), code=code, message=message or code, api=api))


def _allowed(service: str, of: str) -> Json:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": arn("sqs", "dead"),
        "Condition": {"ArnEquals": {"aws:SourceArn": of}},
    }


_TOPIC, _RULE = arn("sns", "news"), arn("events", "rule/sales")
_POLICY = json.dumps(
    {"Statement": [_allowed("sns.amazonaws.com", _TOPIC), _allowed("events.amazonaws.com", _RULE)]}
)
_FAILS = json.dumps({"deadLetterTargetArn": arn("sqs", "dead")})
_SUBSCRIPTIONS = [
    {"SubscriptionArn": f"{_TOPIC}:{name}", "TopicArn": _TOPIC, "Protocol": to.split(":")[2], "Endpoint": to}
    for name, to in (
        ("to-mail", arn("sqs", "mail")),
        ("to-mailer", arn("lambda", "function:mailer")),
        ("to-dead", arn("sqs", "dead")),
    )
]
_FUNCTIONS = [
    {"FunctionName": name, "FunctionArn": arn("lambda", f"function:{name}"), "Version": "$LATEST", **more}
    for name, more in (
        ("worker", {"DeadLetterConfig": {"TargetArn": arn("sqs", "dead")}}),
        ("reporter", {}),
        ("mailer", {}),
        ("seller", {}),
    )
]
_NONE = {
    "lambda.ListEventSourceMappings": "EventSourceMappings",
    "lambda.ListFunctions": "Functions",
    "lambda.ListFunctionEventInvokeConfigs": "FunctionEventInvokeConfigs",
    "scheduler.ListSchedules": "Schedules",
    "cloudwatch.GetMetricData": "MetricDataResults",
}
_DEAD_LETTERS = {"DeadLetterConfig": {"Arn": arn("sqs", "dead")}}
_ANSWERS: dict[str, Json] = {
    "lambda.ListFunctions": {"Functions": _FUNCTIONS},
    **{f"lambda.GetFunctionConfiguration {one['FunctionName']}": one for one in _FUNCTIONS},
    **{f"lambda.GetFunctionConfiguration {one['FunctionArn']}": one for one in _FUNCTIONS},
    "sns.ListSubscriptionsByTopic": {"Subscriptions": _SUBSCRIPTIONS},
    **{
        f"sns.GetSubscriptionAttributes {one['SubscriptionArn']}": {
            "Attributes": one | ({} if one["SubscriptionArn"].endswith("to-dead") else {"RedrivePolicy": _FAILS})
        }
        for one in _SUBSCRIPTIONS
    },
    "events.ListTargetsByRule": {
        "Targets": [
            {"Id": "1", "Arn": arn("lambda", "function:seller"), **_DEAD_LETTERS},
            {"Id": "2", "Arn": arn("sqs", "sales"), "InputPath": "$.detail", **_DEAD_LETTERS},
            {"Id": "3", "Arn": arn("sqs", "dead"), **_DEAD_LETTERS},
        ]
    },
}
