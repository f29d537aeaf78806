"""A picture of a region's dead letters, and what AWS would answer about it."""

import json
from collections.abc import Mapping

from opsctl.dlq.audit.listing import DeadLetterRow
from opsctl.dlq.audit.rules import AuditFinding
from opsctl.dlq.facts.dlq_audit import Audited, DlqAudit
from opsctl.dlq.facts.dlq_survey import DlqSurvey, Surveyed
from opsctl.dlq.park_queues import OF_TAG, park_name
from opsctl.model.reads import Read, Refusal
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG
from tests.kit.canned import ABOUT, ACCOUNT, REGION, Canned, CannedReader, drive, missing

DAY = 86_400
NOW = 1_790_000_000.0
WHEN = ABOUT.model_copy(update={"now": NOW})
_SQS_URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"


def arn(service: str, name: str, *, account: str = ACCOUNT, region: str = REGION) -> str:
    """An ARN of this account and region, unless told otherwise."""
    return f"arn:aws:{service}:{region}:{account}:{name}"


def queue_arn(name: str) -> str:
    """The ARN of a queue."""
    return arn("sqs", name)


def url_of(name: str) -> str:
    """The URL of a queue."""
    return f"{_SQS_URL}/{name}"


class Region:
    """Resources as AWS describes them; `refused` overrides any answer by its key."""

    def __init__(self) -> None:
        self.queues: dict[str, dict[str, str]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.functions: list[Json] = []
        self.versions: list[Json] = []
        self.aliases: dict[str, list[Json]] = {}
        self.invoke: dict[str, list[Json]] = {}
        self.mappings: list[Json] = []
        self.subscriptions: list[Json] = []
        self.subscription_attributes: dict[str, Json] = {}
        self.topics: dict[str, int] = {}
        self.buses: dict[str, Json] = {"default": {}}
        self.rules: dict[str, list[Json]] = {"default": []}
        self.targets: dict[str, list[Json]] = {}
        self.schedules: list[Json] = []
        self.alarms: list[Json] = []
        self.composites: list[Json] = []
        self.metrics: dict[tuple[str, str], list[float]] = {}
        self.keys: dict[str, Json] = {}
        self.key_policies: dict[str, str] = {}
        self.refused: dict[str, Canned] = {}

    def queue(self, name: str, *, dead: str = "", receives: int = 5, depth: int = 0, **attributes: Json) -> str:
        """A queue; `dead` is the name or ARN of its dead-letter queue. Returns its ARN."""
        told = {
            "QueueArn": queue_arn(name),
            "ApproximateNumberOfMessages": str(depth),
            "VisibilityTimeout": "30",
            "MessageRetentionPeriod": str(4 * DAY),
        }
        if dead:
            target = dead if dead.startswith("arn:") else queue_arn(dead)
            told["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": receives})
        self.queues[name] = told | attributes
        return queue_arn(name)

    def park(self, of: str, *, depth: int = 0) -> str:
        """The queue in which a run of opsctl parks messages of another. Returns its name."""
        name = park_name("20260101-000000-aaaa")
        self.queue(name, depth=depth)
        self.tags[name] = {PLAN_TAG: "20260101-000000-aaaa", OF_TAG: queue_arn(of)}
        return name

    def home(
        self, name: str, *, of: tuple[str, ...] = (), lets: tuple[str, str] | None = None, **more: str
    ) -> str:
        """A dead-letter queue as it should be: long retention, closed, watched. Returns its ARN."""
        allow: Json = {"redrivePermission": "denyAll"}
        if of:
            allow = {"redrivePermission": "byQueue", "sourceQueueArns": [queue_arn(one) for one in of]}
        policy = {"Policy": send_policy(queue_arn(name), *lets)} if lets else {}
        self.alarm(f"{name}-depth", name)
        settings: Json = {
            "MessageRetentionPeriod": str(14 * DAY),
            "RedriveAllowPolicy": json.dumps(allow),
        } | policy
        return self.queue(name, **(settings | more))

    def function(self, name: str, *, dead: str = "", timeout: int = 3) -> str:
        """A function. Returns its ARN."""
        made = arn("lambda", f"function:{name}")
        config = {"DeadLetterConfig": {"TargetArn": dead}} if dead else {}
        self.functions.append({"FunctionName": name, "FunctionArn": made, "Timeout": timeout, **config})
        return made

    def version(self, function: str, number: str, *, dead: str = "") -> None:
        """A published version of a function."""
        config = {"DeadLetterConfig": {"TargetArn": dead}} if dead else {}
        made = f"{arn('lambda', f'function:{function}')}:{number}"
        self.versions.append({"FunctionName": function, "FunctionArn": made, "Version": number, **config})

    def alias(self, function: str, name: str, *versions: str) -> None:
        """An alias that leads to a version, or to several."""
        weights = {"AdditionalVersionWeights": dict.fromkeys(versions[1:], 0.5)}
        told = {
            "Name": name,
            "FunctionVersion": versions[0],
            **({"RoutingConfig": weights} if versions[1:] else {}),
        }
        self.aliases.setdefault(function, []).append(told)

    def on_failure(self, function: str, target: str, qualifier: str = "$LATEST") -> None:
        """An on-failure destination of a function's asynchronous invocations; empty only configures them."""
        config = {"OnFailure": {"Destination": target}} if target else {}
        self.invoke.setdefault(function, []).append(
            {"FunctionArn": f"{arn('lambda', f'function:{function}')}:{qualifier}", "DestinationConfig": config}
        )

    def mapping(
        self, function: str, source: str, *, state: str = "Enabled", window: int = 0, dead: str = ""
    ) -> None:
        """An event source mapping of a function."""
        self.mappings.append(
            {
                "UUID": f"uuid-{len(self.mappings)}",
                "EventSourceArn": source,
                "FunctionArn": arn("lambda", f"function:{function}"),
                "State": state,
                "MaximumBatchingWindowInSeconds": window,
                "DestinationConfig": {"OnFailure": {"Destination": dead}} if dead else {"OnFailure": {}},
            }
        )

    def subscription(self, topic: str, protocol: str, endpoint: str, *, dead: str = "") -> str:
        """A confirmed subscription. Returns its ARN."""
        topic_arn = arn("sns", topic)
        made = f"{topic_arn}:{len(self.subscriptions)}"
        self.subscriptions.append(
            {"SubscriptionArn": made, "TopicArn": topic_arn, "Protocol": protocol, "Endpoint": endpoint}
        )
        policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})} if dead else {}
        self.subscription_attributes[made] = {"SubscriptionArn": made} | policy
        return made

    def bus(self, name: str, *, dead: str = "") -> None:
        """An event bus."""
        self.buses[name] = {"DeadLetterConfig": {"Arn": dead}} if dead else {}
        self.rules.setdefault(name, [])

    def target(
        self, rule: str, to: str, *, bus: str = "default", id_: str = "t", dead: str = "", **of_rule: str
    ) -> str:
        """A target of a rule, which is made with the first. Returns the rule's ARN."""
        made = rule_arn(rule, bus)
        if all(one["Name"] != rule for one in self.rules[bus]):
            self.rules[bus].append({"Name": rule, "Arn": made, "State": "ENABLED", "EventBusName": bus, **of_rule})
        config = {"DeadLetterConfig": {"Arn": dead}} if dead else {}
        self.targets.setdefault(rule, []).append({"Id": id_, "Arn": to, **config})
        return made

    def schedule(
        self, name: str, to: str, *, dead: str = "", state: str = "ENABLED", group: str = "default"
    ) -> None:
        """A schedule."""
        config = {"DeadLetterConfig": {"Arn": dead}} if dead else {}
        self.schedules.append(
            {
                "Name": name,
                "GroupName": group,
                "Arn": arn("scheduler", f"schedule/{group}/{name}"),
                "State": state,
                "Target": {"Arn": to, **config},
            }
        )

    def alarm(self, name: str, queue: str, **more: Json) -> None:
        """An alarm on a queue's depth that tells somebody, unless told otherwise."""
        self.alarms.append(
            {
                "AlarmName": name,
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Dimensions": [{"Name": "QueueName", "Value": queue}],
                "StateValue": "OK",
                "ActionsEnabled": True,
                "AlarmActions": [arn("sns", "oncall")],
                **more,
            }
        )

    def metric(self, resource: str, name: str, *values: float) -> None:
        """What CloudWatch has of a queue or function, oldest first."""
        self.metrics[(resource, name)] = list(values)

    def answers(self) -> Mapping[str, Canned]:
        """What AWS answers."""
        return {
            "sqs.ListQueues": {"QueueUrls": [url_of(name) for name in self.queues]},
            "sqs.GetQueueAttributes": lambda read: {"Attributes": self.queues[_last(read, "QueueUrl")]},
            "sqs.GetQueueUrl": self._queue_url,
            "sqs.ListQueueTags": lambda read: {"Tags": self.tags.get(_last(read, "QueueUrl"), {})},
            "lambda.ListFunctions": {"Functions": self.functions},
            "lambda.ListFunctions ALL": {"Functions": [*map(_latest, self.functions), *self.versions]},
            "lambda.ListAliases": lambda read: {"Aliases": self.aliases.get(read.params["FunctionName"], [])},
            "lambda.ListEventSourceMappings": {"EventSourceMappings": self.mappings},
            "lambda.ListFunctionEventInvokeConfigs": lambda read: {
                "FunctionEventInvokeConfigs": self.invoke.get(read.params["FunctionName"], [])
            },
            "sns.ListSubscriptions": {"Subscriptions": self.subscriptions},
            "sns.GetSubscriptionAttributes": lambda read: {
                "Attributes": self.subscription_attributes[read.params["SubscriptionArn"]]
            },
            "sns.GetTopicAttributes": missing("sns.GetTopicAttributes", "NotFound"),
            **{
                f"sns.GetTopicAttributes {arn('sns', name)}": {
                    "Attributes": {"TopicArn": arn("sns", name), "SubscriptionsConfirmed": str(count)}
                }
                for name, count in self.topics.items()
            },
            "events.ListEventBuses": {"EventBuses": [{"Name": name} for name in self.buses]},
            "events.DescribeEventBus": lambda read: {
                "Name": read.params["Name"],
                "Arn": arn("events", f"event-bus/{read.params['Name']}"),
                **self.buses[read.params["Name"]],
            },
            "events.ListRules": lambda read: {"Rules": self.rules[read.params["EventBusName"]]},
            "events.ListTargetsByRule": lambda read: {"Targets": self.targets.get(read.params["Rule"], [])},
            "scheduler.ListSchedules": {"Schedules": [_summary(one) for one in self.schedules]},
            "scheduler.GetSchedule": lambda read: next(
                one for one in self.schedules if one["Name"] == read.params["Name"]
            ),
            "cloudwatch.DescribeAlarms": {"MetricAlarms": self.alarms, "CompositeAlarms": self.composites},
            "cloudwatch.GetMetricData": self._points,
            "kms.DescribeKey": lambda read: {"KeyMetadata": self.keys[read.params["KeyId"]]},
            "kms.GetKeyPolicy": lambda read: {"Policy": self.key_policies[read.params["KeyId"]]},
            **self.refused,
        }

    def refuse(self, refusal: Refusal, *values: str) -> None:
        """Refuse a read, or only those with one of these values among its parameters."""
        for key in [f"{refusal.api} {value}" for value in values] or [refusal.api]:
            self.refused[key] = refusal

    def survey_read(self) -> tuple[Surveyed, CannedReader]:
        """List, and give the reader back too."""
        found, reader = drive(DlqSurvey().read(WHEN), self.answers())
        assert isinstance(found, Surveyed)
        return found, reader

    def survey(self) -> Surveyed:
        """List."""
        return self.survey_read()[0]

    def row(self, name: str) -> DeadLetterRow:
        """The one row of a queue or topic."""
        (found,) = [one for one in self.survey().rows if one.name == name]
        return found

    def audit_read(self, *queues: str) -> tuple[Audited, CannedReader]:
        """Audit, and give the reader back too."""
        found, reader = drive(DlqAudit(queues=queues).read(WHEN), self.answers())
        assert isinstance(found, Audited)
        return found, reader

    def findings(self, *queues: str) -> list[tuple[str, str, str]]:
        """Severity, id and resource of each finding."""
        return [(one.severity, one.id, one.resource) for one in self.audit_read(*queues)[0].findings]

    def finding(self, id_: str) -> AuditFinding:
        """The one finding of a rule."""
        (found,) = [one for one in self.audit_read()[0].findings if one.id == id_]
        return found

    def _queue_url(self, read: Read) -> Json:
        return {"QueueUrl": url_of(read.params["QueueName"])}

    def _points(self, read: Read) -> Json:
        results = []
        for query in read.params["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            values = self.metrics.get((metric["Dimensions"][0]["Value"], metric["MetricName"]), [])
            period = query["MetricStat"]["Period"]
            at = [str(read.params["StartTime"] + period * number) for number in range(len(values))]
            results.append({"Id": query["Id"], "Timestamps": at, "Values": values})
        return {"MetricDataResults": results}


def rule_arn(rule: str, bus: str = "default") -> str:
    """The ARN of a rule."""
    return arn("events", f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")


def send_policy(resource: str, service: str, source: str, **more: Json) -> str:
    """A queue policy that lets a service send on behalf of something."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": resource,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | more]})


def well_kept() -> Region:
    """A region in which every kind of source has a home as AWS advises."""
    made = Region()
    work = made.queue("work", dead="work-dlq", VisibilityTimeout="380")
    made.queue("ledger.fifo", dead="ledger-dlq.fifo", VisibilityTimeout="380")
    made.function("worker", dead=queue_arn("worker-dlq"), timeout=60)
    made.function("mailer", timeout=60)
    made.on_failure("mailer", queue_arn("mailer-failed"))
    made.function("never-async")
    made.mapping("worker", work, window=20)
    made.mapping("worker", queue_arn("ledger.fifo"), window=20)
    made.mapping("worker", arn("kinesis", "stream/clicks"), dead=queue_arn("clicks-dlq"))
    topic = arn("sns", "orders")
    made.subscription("orders", "sqs", work, dead=queue_arn("orders-dlq"))
    made.subscription("orders", "email", "somebody@example.com")
    rule = made.target("nightly", made.functions[0]["FunctionArn"], dead=queue_arn("nightly-dlq"))
    made.target("managed", work, ManagedBy="autoscaling.amazonaws.com")
    made.target("off", work, State="DISABLED")
    made.schedule("books", work, dead=queue_arn("books-dlq"))
    made.schedule("old", work, state="DISABLED")
    made.home("work-dlq", of=("work",))
    made.home("ledger-dlq.fifo", of=("ledger.fifo",))
    for name in ("worker-dlq", "mailer-failed", "clicks-dlq", "books-dlq"):
        made.home(name)
    made.home("orders-dlq", lets=("sns.amazonaws.com", topic))
    made.home("nightly-dlq", lets=("events.amazonaws.com", rule))
    return made


def _summary(schedule: Json) -> Json:
    return schedule | {"Target": {"Arn": schedule["Target"]["Arn"]}}


def _last(read: Read, name: str) -> str:
    return str(read.params[name]).rpartition("/")[2]


def _latest(function: Json) -> Json:
    """A function among the versions of all functions, where its own ARN has a qualifier too."""
    return {**function, "FunctionArn": f"{function['FunctionArn']}:$LATEST", "Version": "$LATEST"}
