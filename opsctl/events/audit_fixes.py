"""The command that mends a step: by what both of its ends are, and by the policies as they were read; pure.

A policy of a queue, topic or key can only be written whole, so the command has what was read, and the statements
that each blocked step lacks there: two findings of one queue have the same command.
"""

import json

from opsctl.events.arns import bus_and_rule, named
from opsctl.events.exploring import Explored
from opsctl.events.hops import ReadResource
from opsctl.events.kms_keys import KeyFacts
from opsctl.events.node_kinds.sns_topic import PAUSED
from opsctl.events.region_lists import RegionLists
from opsctl.events.role_permissions import questions_of
from opsctl.events.walking import Way
from opsctl.model.commands import Commands
from opsctl.model.value import Json, fingerprint, json_object
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, as_list, verdict_on

_S3, _EVENTS = "s3.amazonaws.com", "events.amazonaws.com"
_LOGS = ("events.amazonaws.com", "delivery.logs.amazonaws.com")
_KEY_ACTIONS = ["kms:GenerateDataKey*", "kms:Decrypt"]


class StepFixes:
    """Makes the commands for a region that was read."""

    def __init__(self, commands: Commands, found: Explored, lists: RegionLists, account: str) -> None:
        self._commands = commands
        self._ways = found.ways
        self._stops = found.stops
        self._keys = found.keys
        self._lists = lists
        self._account = account

    def of(self, cause: str, way: Way) -> str:
        """The command for one cause; where a person has to decide, the one that shows the step."""
        make = {
            "no-permission": self._let_in,
            "account-condition": self._let_in,
            "kms": self._key,
            "destination-gone": self._gone,
            "rule-disabled": self._enable,
            "fifo-mismatch": self._fifo,
            "pending": self._confirm,
            "replay-paused": self._receive,
            "throttled": self._concurrency,
            "mapping-disabled": self._mapping,
            "retry-short": self._retries,
        }.get(cause)
        return (make(way) if make else "") or self.shown(way.edge.source)

    def shown(self, arn: str) -> str:
        """The command that shows what goes on from a resource."""
        return self._commands.opsctl("events", "trace", arn)

    def url_of(self, arn: str) -> str:
        """The URL of a queue of the region; empty when it was not listed."""
        name = arn.rpartition(":")[2]
        urls = (str(one) for one in self._lists.items("queues", "QueueUrls"))
        return next((one for one in urls if one.rpartition("/")[2] == name), "")

    def _let_in(self, way: Way) -> str:
        stop = self._stops[way.edge.target]
        if way.hop.role:
            return self._allow_role(way, stop)
        if stop.admission is None or stop.admission.policy is None or not way.hop.service:
            return ""
        if stop.node.kind == "function":
            return self._add_permission(way)
        one = _statement(way, stop.admission.action, self._account)
        if stop.node.kind == "log group":
            one |= {"Principal": {"Service": list(_LOGS)}, "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}
            words = ("logs", "put-resource-policy", "--policy-name", "opsctl-events", "--policy-document")
            return self._commands.aws(*words, json.dumps({"Version": "2012-10-17", "Statement": [one]}))
        whole = stop.admission.policy
        for each in self._shut_out(way.edge.target, way):
            whole = with_statement(whole, _statement(each, stop.admission.action, self._account))
        return self._write_policy(way, whole) if _opens(whole, way, stop, self._account) else ""

    def _shut_out(self, target: str, way: Way) -> list[Way]:
        """The steps that a resource's own policy lets not in, one for each source, and this one in any case."""
        lacking = ("no-permission", "account-condition")
        found = [
            one
            for one in self._ways
            if one.edge.target == target
            and one.edge.verdict == "blocked"
            and one.hop.service
            and any(cause in lacking for cause in one.edge.causes)
        ]
        return list({_sid(one): one for one in (*found, way)}.values())

    def _write_policy(self, way: Way, whole: str) -> str:
        what = named(way.edge.target)
        if what.kind == "queue" and (url := self.url_of(way.edge.target)):
            words = ("sqs", "set-queue-attributes", "--queue-url", url, "--attributes")
            return self._commands.aws(*words, json.dumps({"Policy": whole}))
        if what.kind == "topic":
            topic = ("sns", "set-topic-attributes", "--topic-arn", way.edge.target)
            return self._commands.aws(*topic, "--attribute-name", "Policy", "--attribute-value", whole)
        return ""

    def _add_permission(self, way: Way) -> str:
        what, hop = named(way.edge.target), way.hop
        name, _, qualifier = what.name.partition(":")
        words = ["lambda", "add-permission", "--function-name", name, "--action", "lambda:InvokeFunction"]
        words += ["--statement-id", _sid(way), "--principal", hop.service, "--source-arn", hop.on_behalf_of]
        words += ["--source-account", self._account] if hop.service == _S3 else []
        return self._commands.aws(*words, *(("--qualifier", qualifier) if qualifier else ()))

    def _allow_role(self, way: Way, stop: ReadResource) -> str:
        asked = questions_of(way.hop, stop, self._keys)
        why = " ".join(way.edge.why)
        if not asked or named(way.hop.role).account != self._account or "does not exist" in why or "denies" in why:
            return ""
        statements = [{"Effect": "Allow", "Action": one.action, "Resource": one.resource} for one in asked]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        role = way.hop.role.rpartition("/")[2]
        words = ("iam", "put-role-policy", "--role-name", role, "--policy-name", _sid(way), "--policy-document")
        return self._commands.aws(*words, document)

    def _key(self, way: Way) -> str:
        stop = self._stops[way.edge.target]
        key = self._keys.get(stop.admission.key if stop.admission else "", KeyFacts())
        if key.of_aws and stop.node.kind == "queue" and (url := self.url_of(stop.node.arn)):
            words = (
                "sqs",
                "set-queue-attributes",
                "--queue-url",
                url,
                "--attributes",
                "SqsManagedSseEnabled=true",
            )
            return self._commands.aws(*words)
        if key.of_aws and stop.node.kind == "topic":
            value = ("--attribute-name", "KmsMasterKeyId", "--attribute-value", "alias/YOUR-KEY")
            return self._commands.aws("sns", "set-topic-attributes", "--topic-arn", stop.node.arn, *value)
        if key.state in ("Disabled", "PendingDeletion"):
            verb = "enable-key" if key.state == "Disabled" else "cancel-key-deletion"
            return self._commands.aws("kms", verb, "--key-id", key.named.rpartition("/")[2])
        if not key.arn or key.policy is None:
            return ""
        name = stop.admission.key if stop.admission else ""
        whole = key.policy
        for service in sorted({one.hop.service for one in self._ways if self._is_kept_out(one, name)}):
            sid = f"Opsctl{service.partition('.')[0].capitalize()}"
            one = {"Sid": sid, "Effect": "Allow", "Principal": {"Service": service}}
            whole = with_statement(whole, {**one, "Action": _KEY_ACTIONS, "Resource": "*"})
        where = ("--key-id", key.arn, "--policy-name", "default")
        return self._commands.aws("kms", "put-key-policy", *where, "--policy", whole)

    def _is_kept_out(self, way: Way, key: str) -> bool:
        """Whether a key of a name stops a step of a service."""
        admission = self._stops[way.edge.target].admission if way.edge.target in self._stops else None
        stopped = "kms" in way.edge.causes and bool(way.hop.service)
        return stopped and admission is not None and admission.key == key

    def _gone(self, way: Way) -> str:
        source, edge = named(way.edge.source), way.edge
        if source.kind == "bucket":
            entry = edge.by.removeprefix("notification ")
            return self._commands.opsctl("s3-events", "remove", source.name, "--id", entry)
        if source.kind == "topic" and (found := self._subscription(way)):
            return self._commands.aws("sns", "unsubscribe", "--subscription-arn", str(found["SubscriptionArn"]))
        if source.kind == "rule":
            bus, name = bus_and_rule(edge.source)
            words = ("events", "remove-targets", "--rule", name, "--event-bus-name", bus, "--ids")
            return self._commands.aws(*words, edge.by.removeprefix("target "))
        if source.kind == "queue" and (found := self._event_source_mapping(way)):
            return self._commands.aws("lambda", "delete-event-source-mapping", "--uuid", str(found["UUID"]))
        return ""

    def _enable(self, way: Way) -> str:
        if named(way.edge.target).kind != "rule":
            return ""
        bus, name = bus_and_rule(way.edge.target)
        return self._commands.aws("events", "enable-rule", "--name", name, "--event-bus-name", bus)

    def _fifo(self, way: Way) -> str:
        source, target = named(way.edge.source), named(way.edge.target)
        if source.kind == "bucket" and target.kind == "queue":
            pattern = json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [source.name]}}})
            flags = ("--queue", target.name, "--pattern", f"{target.name}={pattern}", "--dry-run")
            return self._commands.opsctl("fanout", "route", "default", *flags)
        url = self.url_of(way.edge.target)
        flag = "ContentBasedDeduplication=true"
        words = ("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", flag)
        return self._commands.aws(*words) if url else ""

    def _receive(self, way: Way) -> str:
        """Replay to a paused subscription from where its replay ended, and go on."""
        topic, queue = named(way.edge.source), named(way.edge.target)
        end = next((one.removeprefix(PAUSED) for one in way.edge.why if one.startswith(PAUSED)), "")
        who = ("--queue", queue.name) if queue.kind == "queue" else ("--subscription", "ARN")
        return self._commands.opsctl("events", "replay", "--topic", topic.name, *who, "--from", end)

    def _confirm(self, way: Way) -> str:
        found = self._subscription(way) or {}
        words = ("sns", "subscribe", "--topic-arn", way.edge.source, "--protocol", str(found.get("Protocol", "")))
        return self._commands.aws(*words, "--notification-endpoint", way.edge.target) if found else ""

    def _concurrency(self, way: Way) -> str:
        name = named(way.edge.target).name.partition(":")[0]
        return self._commands.aws("lambda", "delete-function-concurrency", "--function-name", name)

    def _mapping(self, way: Way) -> str:
        found = self._event_source_mapping(way)
        words = (
            "lambda",
            "update-event-source-mapping",
            "--uuid",
            str((found or {}).get("UUID", "")),
            "--enabled",
        )
        return self._commands.aws(*words) if found else ""

    def _retries(self, way: Way) -> str:
        """Put the target again with the retries that it has when none are set: 185 in 24 hours."""
        if not way.hop.target:
            return ""
        bus, name = bus_and_rule(way.edge.source)
        retries = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400}
        words = ("events", "put-targets", "--rule", name, "--event-bus-name", bus, "--targets")
        return self._commands.aws(*words, json.dumps([{**way.hop.target, "RetryPolicy": retries}]))

    def raw(self, way: Way, *, on: bool) -> str:
        """Switch raw delivery of a subscription on or off."""
        found = self._subscription(way)
        if not found:
            return self.shown(way.edge.source)
        words = ("sns", "set-subscription-attributes", "--subscription-arn", str(found["SubscriptionArn"]))
        value = ("--attribute-name", "RawMessageDelivery", "--attribute-value", "true" if on else "false")
        return self._commands.aws(*words, *value)

    def _subscription(self, way: Way) -> Json:
        ends = (way.edge.source, way.edge.target)
        listed = self._lists.items("subscriptions", "Subscriptions")
        return next((one for one in listed if (one.get("TopicArn"), one.get("Endpoint")) == ends), None)

    def _event_source_mapping(self, way: Way) -> Json:
        ends = (way.edge.source, way.edge.target)
        listed = self._lists.items("event source mappings", "EventSourceMappings")
        return next((one for one in listed if (one.get("EventSourceArn"), one.get("FunctionArn")) == ends), None)


def with_statement(policy: str, one: dict[str, Json]) -> str:
    """A policy with one statement more; one of its name is replaced."""
    whole = json_object(policy) if policy else None
    whole = {"Version": "2012-10-17"} | (whole or {})
    there = as_list(whole.get("Statement"))
    kept = [each for each in there if not isinstance(each, dict) or each.get("Sid") != one["Sid"]]
    return json.dumps({**whole, "Statement": [*kept, one]})


def _sid(way: Way) -> str:
    return f"Opsctl{fingerprint([way.edge.source, way.edge.target])[7:19]}"


def _statement(way: Way, action: str, account: str) -> dict[str, Json]:
    hop, target = way.hop, way.edge.target
    made: dict[str, Json] = {
        "Sid": _sid(way),
        "Effect": "Allow",
        "Principal": {"Service": hop.service},
        "Action": action,
        "Resource": f"{target.removesuffix(':*')}:*" if named(target).kind == "log group" else target,
    }
    if hop.service == _EVENTS and named(target).kind != "queue":
        # A condition may shut EventBridge out there (EventBridge guide, "Troubleshooting").
        return made
    condition: dict[str, Json] = {"ArnEquals": {"aws:SourceArn": hop.on_behalf_of}}
    owner = {"StringEquals": {"aws:SourceAccount": account}} if hop.service == _S3 else {}
    return made | {"Condition": condition | owner}


def _opens(policy: str, way: Way, stop: ReadResource, account: str) -> bool:
    """Whether a policy lets the step in: what is denied is not mended by a statement that allows."""
    call = ServiceCall(
        service=way.hop.service,
        action=stop.admission.action if stop.admission else "",
        resource=stop.node.arn,
        source_arn=way.hop.on_behalf_of,
        account=account,
    )
    return verdict_on(policy, call) is PolicyAnswer.YES
