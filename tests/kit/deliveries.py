"""An account in which events are handed on, as AWS would describe it, and the trace of it."""

import json
from collections.abc import Mapping

from opsctl.events.delivery_graph import Delivery, DeliveryEdge
from opsctl.events.facts.events_audit import EventsAudit, EventsAudited
from opsctl.events.facts.events_trace import EventsTrace
from opsctl.model.reads import Read
from opsctl.model.value import Json
from tests.kit.canned import ABOUT, ACCOUNT, REGION, Canned, CannedReader, drive, missing

SQS = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
_MISSING = {
    "sqs": "AWS.SimpleQueueService.NonExistentQueue",
    "sns": "NotFound",
    "s3": "NoSuchBucket",
    "lambda": "ResourceNotFoundException",
    "events": "ResourceNotFoundException",
    "pipes": "NotFoundException",
    "scheduler": "ResourceNotFoundException",
    "kms": "NotFoundException",
    "iam": "NoSuchEntity",
    "apigateway": "NotFoundException",
    "apigatewayv2": "NotFoundException",
}


def arn(service: str, name: str, *, account: str = ACCOUNT, region: str = REGION) -> str:
    """An ARN of this account and region, unless told otherwise."""
    return f"arn:aws:{service}:{region}:{account}:{name}"


def lets(resource: str, service: str, action: str, source: str) -> str:
    """A policy that lets one service in for one resource."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def is_part_of(told: Json, whole: Json) -> bool:
    """Whether all that is told stands in a documented shape, at the same places."""
    if isinstance(told, dict) and isinstance(whole, dict):
        return all(name in whole and is_part_of(value, whole[name]) for name, value in told.items())
    if isinstance(told, list) and isinstance(whole, list):
        return len(told) == len(whole) and all(map(is_part_of, told, whole))
    return bool(told == whole)


class Account:
    """Resources by their kinds; each method adds one and returns its ARN. `refused` overrides any answer."""

    def __init__(self) -> None:
        self.answers: dict[str, Canned] = {}
        self.refused: dict[str, Canned] = {}
        self._rules: dict[str, list[Json]] = {"default": []}
        self._targets: dict[str, list[str]] = {}
        self._subscriptions: list[Json] = []
        self._functions: list[Json] = []
        self._buckets: list[Json] = []
        self._schedules: list[Json] = []
        self._topics: list[str] = []
        self._queues: list[str] = []
        self._mappings: list[Json] = []
        self.custom_buses: list[Json] = []
        self.roles: list[Json] = []
        self.trails: list[Json] = []
        self.log_pages: list[Json] = [{"events": []}]
        self.rest_apis: list[Json] = []
        self.http_apis: list[Json] = []
        self.archives: list[Json] = [{"EventSourceArn": arn("events", "event-bus/default")}]
        self.failures: dict[str, float] = {}
        self.counts: dict[str, float] = {}

    def queue(self, name: str, **attributes: str) -> str:
        """A queue."""
        made = arn("sqs", name)
        if name not in self._queues:
            self._queues.append(name)
        self.answers[f"sqs.GetQueueUrl {name}"] = {"QueueUrl": f"{SQS}/{name}"}
        self.answers[f"sqs.GetQueueAttributes {SQS}/{name}"] = {"Attributes": {"QueueArn": made} | attributes}
        return made

    def takes(self, queue: str, function: str, **more: Json) -> None:
        """An event source mapping."""
        told = {"UUID": "11112222-aaaa", "EventSourceArn": queue, "FunctionArn": function, "State": "Enabled"}
        self._mappings.append(told | more)
        mine = [one for one in self._mappings if one["EventSourceArn"] == queue]
        self.answers[f"lambda.ListEventSourceMappings {queue}"] = {"EventSourceMappings": mine}

    def function(self, name: str, *, policy: str = "", **more: Json) -> str:
        """A function."""
        made = arn("lambda", f"function:{name}")
        self.answers[f"lambda.GetFunctionConfiguration {made}"] = {"FunctionArn": made, "State": "Active"} | more
        self.answers[f"lambda.GetFunctionConfiguration {name}"] = {"FunctionArn": made, "State": "Active"} | more
        self._functions.append({"FunctionName": name, "FunctionArn": made} | more)
        if policy:
            self.answers[f"lambda.GetPolicy {name}"] = {"Policy": policy}
        return made

    def topic(self, name: str, *subscriptions: Mapping[str, str], **attributes: str) -> str:
        """A topic; a subscription has Protocol and Endpoint, and further attributes."""
        made = arn("sns", name)
        self._topics.append(made)
        listed = []
        for number, one in enumerate(subscriptions):
            own = one.get("SubscriptionArn", f"{made}:{number}")
            told = {"SubscriptionArn": own, "Protocol": one["Protocol"], "Endpoint": one["Endpoint"]}
            listed.append(told)
            self._subscriptions.append(told | {"TopicArn": made})
            self.answers[f"sns.GetSubscriptionAttributes {own}"] = {"Attributes": dict(one)}
        self.answers[f"sns.GetTopicAttributes {made}"] = {"Attributes": {"TopicArn": made} | attributes}
        self.answers[f"sns.ListSubscriptionsByTopic {made}"] = {"Subscriptions": listed}
        return made

    def bucket(self, name: str, **configuration: Json) -> str:
        """A bucket with its notification configuration."""
        self.answers[f"s3.HeadBucket {name}"] = {}
        self._buckets.append({"Name": name})
        self.answers[f"s3.GetBucketNotificationConfiguration {name}"] = configuration
        return f"arn:aws:s3:::{name}"

    def rule(self, name: str, pattern: Json, *targets: Json, state: str = "ENABLED", **more: Json) -> str:
        """A rule of the default bus."""
        made = arn("events", f"rule/{name}")
        told = {"Name": name, "Arn": made, "State": state, "EventPattern": json.dumps(pattern)} | more
        self._rules["default"].append(told)
        self.answers[f"events.DescribeRule {name}"] = told
        self.answers[f"events.ListTargetsByRule {name}"] = {"Targets": list(targets)}
        for one in targets:
            self._targets.setdefault(str(one["Arn"]), []).append(name)
        return made

    def schedule(self, name: str, target: Json, *, state: str = "ENABLED") -> str:
        """A schedule of the default group."""
        made = arn("scheduler", f"schedule/default/{name}")
        told = {"Arn": made, "Name": name, "GroupName": "default", "State": state, "Target": target}
        self._schedules.append(told)
        self.answers[f"scheduler.GetSchedule {name}"] = told | {"ScheduleExpression": "rate(1 day)"}
        return made

    def allow(self, role: str, *pairs: tuple[str, str], why: Json = None) -> str:
        """A role that may do these actions on these resources, and nothing else; `why` goes into each denial."""
        made = f"arn:aws:iam::{ACCOUNT}:role/{role}"

        def simulated(read: Read) -> Json:
            return {
                "EvaluationResults": [
                    {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": "allowed"}
                    if (action, resource) in pairs
                    else {
                        "EvalActionName": action,
                        "EvalResourceName": resource,
                        "EvalDecision": "implicitDeny",
                        **(why or {}),
                    }
                    for action in read.params["ActionNames"]
                    for resource in read.params["ResourceArns"]
                ]
            }

        self.answers[f"iam.SimulatePrincipalPolicy {made}"] = simulated
        return made

    def rest_api(self, name: str, **methods: Json) -> None:
        """A REST API with one resource; each method has an integration."""
        self.rest_apis.append({"id": name, "name": f"{name}-api"})
        self.answers[f"apigateway.GetRestApi {name}"] = {"id": name, "name": f"{name}-api"}
        told = {method: {"methodIntegration": {"type": "AWS"} | one} for method, one in methods.items()}
        resource = {"id": "r", "path": "/orders", "resourceMethods": told}
        self.answers[f"apigateway.GetResources {name}"] = {"items": [resource]}

    def http_api(self, name: str, **integrations: Json) -> None:
        """An HTTP API with a route for each integration."""
        self.http_apis.append({"ApiId": name, "Name": f"{name}-api"})
        self.answers[f"apigatewayv2.GetApi {name}"] = {"ApiId": name, "Name": f"{name}-api"}
        told = [{"IntegrationId": key} | one for key, one in integrations.items()]
        self.answers[f"apigatewayv2.GetIntegrations {name}"] = {"Items": told}
        routes = [{"RouteKey": f"POST /{key}", "Target": f"integrations/{key}"} for key in integrations]
        self.answers[f"apigatewayv2.GetRoutes {name}"] = {"Items": routes}

    def traced(self, source: str, *, back: bool = False, event: str = "") -> tuple[Delivery, CannedReader]:
        """Trace from a resource, with an event or without, or back from it."""
        asked = EventsTrace(source=source, back=back, event=event)
        found, reader = drive(asked.read(ABOUT), self._all())
        assert isinstance(found, Delivery)
        return found, reader

    def audited(self) -> tuple[EventsAudited, CannedReader]:
        """Audit the region."""
        found, reader = drive(EventsAudit().read(ABOUT), self._all())
        assert isinstance(found, EventsAudited)
        return found, reader

    def found(self) -> list[tuple[str, str]]:
        """The findings of an audit: id and where."""
        return [(one.id, one.resource) for one in self.audited()[0].findings]

    def edges(self, source: str) -> dict[str, DeliveryEdge]:
        """The edges of a trace, by the name of where each leads."""
        found, _ = self.traced(source)
        names = {one.arn: one.name for one in found.nodes}
        return {names[one.target]: one for one in found.edges}

    def _counts(self, read: Read) -> Json:
        """What CloudWatch counted, by the name of the rule or topic."""
        results = []
        for query in read.params["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            name = str(metric["Dimensions"][-1]["Value"])
            failed = self.failures.get(name, 0.0) if "Fail" in metric["MetricName"] else 0.0
            results.append(
                {"Id": query["Id"], "Values": [self.counts.get(f"{metric['MetricName']} {name}", failed)]}
            )
        return {"MetricDataResults": results}

    def _all(self) -> dict[str, Canned]:
        bus = {"Name": "default", "Arn": arn("events", "event-bus/default")}
        empty: dict[str, Canned] = {
            "lambda.ListEventSourceMappings": {"EventSourceMappings": self._mappings},
            "lambda.ListFunctionEventInvokeConfigs": {},
            "lambda.GetFunctionConcurrency": {},
            "pipes.ListPipes": {"Pipes": []},
            "events.DescribeEventBus default": bus,
            "events.ListRules default": {"Rules": self._rules["default"]},
            "events.ListEventBuses": {"EventBuses": [bus]},
            "events.ListRuleNamesByTarget": lambda read: {
                "RuleNames": self._targets.get(str(read.params["TargetArn"]), [])
            },
            "sns.ListSubscriptions": {"Subscriptions": self._subscriptions},
            "sns.ListTopics": {"Topics": [{"TopicArn": one} for one in self._topics]},
            "sqs.ListQueues": {"QueueUrls": [f"{SQS}/{name}" for name in self._queues]},
            "iam.GetAccountAuthorizationDetails": {"RoleDetailList": self.roles},
            "cloudtrail.DescribeTrails": {"trailList": self.trails},
            "cloudtrail.GetTrailStatus": {"IsLogging": True},
            "cloudtrail.GetEventSelectors": {
                "EventSelectors": [
                    {
                        "ReadWriteType": "All",
                        "DataResources": [{"Type": "AWS::SQS::Queue", "Values": ["arn:aws:sqs"]}],
                    }
                ]
            },
            "logs.FilterLogEvents": lambda read: self.log_pages[int(read.params.get("nextToken", 0))],
            "eventbridgev2.ListEventBuses": {"EventBuses": self.custom_buses},
            "apigateway.GetRestApis": {"items": self.rest_apis},
            "apigatewayv2.GetApis": {"Items": self.http_apis},
            "apigateway.GetStages": {"item": [{"stageName": "prod"}]},
            "apigatewayv2.GetStages": {"Items": [{"StageName": "prod"}]},
            "events.ListArchives": {"Archives": self.archives},
            "cloudwatch.GetMetricData": self._counts,
            "lambda.ListFunctions": {"Functions": self._functions},
            "s3.GetBucketLocation": {"LocationConstraint": REGION},
            "s3.ListBuckets": {"Buckets": self._buckets},
            "scheduler.ListSchedules": {"Schedules": self._schedules},
            "sqs.ListDeadLetterSourceQueues": {"queueUrls": []},
            "cloudwatch.DescribeAlarms": {"MetricAlarms": [], "CompositeAlarms": []},
        }
        absent = {f"{service}.{api}": _absent(service) for service, api in _EXISTENCE}
        return {**absent, **empty, **self.answers, **self.refused}


_EXISTENCE = (
    ("sqs", "GetQueueUrl"),
    ("sns", "GetTopicAttributes"),
    ("sns", "ListSubscriptionsByTopic"),
    ("s3", "HeadBucket"),
    ("s3", "GetBucketNotificationConfiguration"),
    ("lambda", "GetFunctionConfiguration"),
    ("lambda", "GetPolicy"),
    ("events", "DescribeEventBus"),
    ("events", "DescribeRule"),
    ("events", "ListTargetsByRule"),
    ("pipes", "DescribePipe"),
    ("scheduler", "GetSchedule"),
    ("kms", "DescribeKey"),
    ("iam", "SimulatePrincipalPolicy"),
    ("apigateway", "GetRestApi"),
    ("apigatewayv2", "GetApi"),
)


def _absent(service: str) -> Canned:
    return missing(f"{service}.Any", _MISSING[service])
