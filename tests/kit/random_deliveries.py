"""A random account in which events are handed on: policies, filters, keys, states, all of them right or wrong."""

import json
import random
from collections.abc import Callable, Sequence

from opsctl.model.value import Json
from opsctl.sandbox.endpoint import REGION
from tests.kit.functions import TRUST, function
from tests.kit.moto_account import client

SNS, S3, EVENTS = "sns.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"
SCHEDULER = "scheduler.amazonaws.com"
MESSAGE = json.dumps({"kind": "paid", "n": 7, "nested": {"a": ["x"]}})
ATTRIBUTES: Json = {
    "kind": {"DataType": "String", "StringValue": "paid"},
    "n": {"DataType": "Number", "StringValue": "7"},
}
DETAIL: Json = {"kind": "paid", "n": 7, "tags": ["a", "b"]}
_FILTERS: tuple[Json, ...] = (
    {},
    {"kind": ["paid"]},
    {"kind": ["sent"]},
    {"kind": [{"anything-but": ["sent"]}]},
    {"kind": [{"prefix": "pa"}], "n": [{"numeric": [">", 5, "<=", 7]}]},
    {"n": [{"numeric": ["<", 7]}]},
    {"none": [{"exists": False}]},
    {"none": [{"exists": True}]},
)
_PATTERNS: tuple[Json, ...] = (
    {"source": ["shop"]},
    {"source": [{"prefix": "sh"}], "detail": {"kind": ["paid", "sent"]}},
    {"source": ["shop"], "detail": {"kind": [{"anything-but": "paid"}]}},
    {"source": ["shop"], "detail": {"n": [{"numeric": [">=", 7]}], "tags": ["b"]}},
    {"source": ["other"]},
    {"detail-type": ["Order"], "detail": {"none": [{"exists": False}]}},
)
_TEMPLATE: Json = {"InputPathsMap": {"d": "$.detail"}, "InputTemplate": '{"told": <d>}'}
_INPUTS: tuple[Json, ...] = (
    {},
    {},
    {"InputPath": "$.detail"},
    {"Input": '{"fixed": 1}'},
    {"InputTransformer": _TEMPLATE},
)


class RandomAccount:
    """Makes what a seed says in the moto account; the same seed makes the same."""

    def __init__(self, seed: str, account: str) -> None:
        self.random = random.Random(seed)  # noqa: S311 - nothing here is secret
        self.account = account
        self._keys: list[str] = []
        self._roles: list[str] = []
        self._functions_role = ""

    def arn(self, service: str, name: str) -> str:
        """An ARN of the account."""
        return f"arn:aws:{service}:{REGION}:{self.account}:{name}"

    def topic(self, queues: int, functions: int) -> str:
        """A topic with subscriptions."""
        topic: str = client("sns").create_topic(Name="shop")["TopicArn"]
        for number in range(queues):
            self._subscribe(topic, "sqs", self.queue(f"q{number}", SNS, topic, gone=0.05))
        for number in range(functions):
            self._subscribe(topic, "lambda", self.function(f"f{number}", SNS, topic))
        return topic

    def _subscribe(self, topic: str, protocol: str, endpoint: str) -> None:
        chance = self.random
        policy = chance.choice(_FILTERS)
        attributes: dict[str, str] = {}
        if policy:
            attributes["FilterPolicyScope"] = chance.choice(["MessageAttributes", "MessageBody"])
            attributes["FilterPolicy"] = json.dumps(policy)
        if protocol == "sqs" and chance.random() < 0.4:
            attributes["RawMessageDelivery"] = "true"
        if chance.random() < 0.5:
            dead = self.queue(f"dead-{endpoint.rpartition(':')[2]}", SNS, topic)
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": dead})
        client("sns").subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)

    def rules(self, count: int, targets: int, patterns: Sequence[Json] = _PATTERNS) -> None:
        """Rules of the default bus with targets."""
        chance = self.random
        events = client("events")
        for number in range(count):
            state = "DISABLED" if chance.random() < 0.15 else "ENABLED"
            pattern = json.dumps(chance.choice(patterns))
            rule = events.put_rule(Name=f"r{number}", EventPattern=pattern, State=state)["RuleArn"]
            wanted = [self._target(f"{number}-{one}", rule) for one in range(targets)]
            events.put_targets(Rule=f"r{number}", Targets=wanted)

    def _target(self, name: str, rule: str) -> Json:
        chance = self.random
        kind = chance.choice(["queue", "queue", "fifo", "topic", "function"])
        make: dict[str, Callable[[], str]] = {
            "queue": lambda: self.queue(f"t{name}", EVENTS, rule, gone=0.05),
            "fifo": lambda: self.queue(f"t{name}.fifo", EVENTS, rule),
            "topic": lambda: self.behind_topic(f"t{name}", EVENTS, rule),
            "function": lambda: self.function(f"t{name}", EVENTS, rule),
        }
        told: dict[str, Json] = {"Id": name, "Arn": make[kind]()} | chance.choice(_INPUTS)
        if kind == "fifo":
            told["SqsParameters"] = {"MessageGroupId": "g"}
        if chance.random() < 0.25:
            told["RoleArn"] = self.role(str(told["Arn"]))
        if chance.random() < 0.4:
            told["DeadLetterConfig"] = {"Arn": self.queue(f"dead-{name}", EVENTS, rule)}
        return told

    def schedules(self, count: int) -> list[str]:
        """Schedules that go off every hour, each with a role and a target; returns their names."""
        chance = self.random
        for number in range(count):
            kind = chance.choice(["queue", "queue", "topic", "function"])
            make: dict[str, Callable[[], str]] = {
                "queue": lambda at=number: self.queue(f"s{at}", EVENTS, "none", gone=0.1),  # type: ignore[misc]
                "topic": lambda at=number: self.behind_topic(f"s{at}", EVENTS, "none"),  # type: ignore[misc]
                "function": lambda at=number: self.function(f"s{at}", EVENTS, "none"),  # type: ignore[misc]
            }
            target = make[kind]()
            client("scheduler").create_schedule(
                Name=f"s{number}",
                ScheduleExpression="rate(1 hour)",
                State="DISABLED" if chance.random() < 0.15 else "ENABLED",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": target, "RoleArn": self.role(target, SCHEDULER), "Input": '{"at": "night"}'},
            )
        return [f"s{number}" for number in range(count)]

    def bucket(self, entries: int) -> str:
        """A bucket that notifies, each entry for another prefix; what it may not reach is not checked."""
        name = f"uploads-{self.account}"
        client("s3").create_bucket(Bucket=name)
        arn = f"arn:aws:s3:::{name}"
        lists: dict[str, Json] = {}
        for number in range(entries):
            member, destination = self._destination(f"b{number}", arn)
            entry: dict[str, Json] = {"Id": f"e{number}", member: destination, "Events": [self._event()]}
            rules = [{"Name": "prefix", "Value": f"{number}/"}, {"Name": "suffix", "Value": self._suffix()}]
            entry["Filter"] = {"Key": {"FilterRules": rules}}
            lists.setdefault(f"{member.removesuffix('Arn')}Configurations", []).append(entry)
        lists["EventBridgeConfiguration"] = {}
        client("s3").put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration=lists, SkipDestinationValidation=True
        )
        return name

    def _destination(self, name: str, bucket: str) -> tuple[str, str]:
        kind = self.random.choice(["queue", "topic", "function"])
        if kind == "queue":
            return "QueueArn", self.queue(name, S3, bucket, gone=0.1)
        if kind == "topic":
            return "TopicArn", self.behind_topic(name, S3, bucket)
        return "LambdaFunctionArn", self.function(name, S3, bucket)

    def _event(self) -> str:
        return self.random.choice(["s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:*"])

    def _suffix(self) -> str:
        return self.random.choice(["", ".jpg", "pg", ".png"])

    def queue(self, name: str, service: str, source: str, *, gone: float = 0) -> str:
        """A queue with a random policy and sometimes a key; sometimes there is none of its name."""
        chance = self.random
        made = self.arn("sqs", name)
        if chance.random() < gone:
            return made
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        if name.endswith(".fifo") and chance.random() < 0.7:
            attributes["ContentBasedDeduplication"] = "true"
        if chance.random() < 0.95:
            attributes["Policy"] = self.policy(made, service, "sqs:SendMessage", source)
        if chance.random() < 0.3:
            attributes["KmsMasterKeyId"] = self.key(service, source, "alias/aws/sqs")
        client("sqs").create_queue(QueueName=name, Attributes=attributes)
        return made

    def behind_topic(self, name: str, service: str, source: str) -> str:
        """A topic with a random policy and one queue behind it that takes everything."""
        made = self.arn("sns", name)
        attributes = {"Policy": self.policy(made, service, "sns:Publish", source)}
        if self.random.random() < 0.25:
            attributes["KmsMasterKeyId"] = self.key(service, source, "alias/aws/sns")
        client("sns").create_topic(Name=name, Attributes=attributes)
        queue = self.arn("sqs", f"{name}-all")
        open_ = {"Effect": "Allow", "Principal": {"Service": SNS}, "Action": "sqs:SendMessage", "Resource": queue}
        client("sqs").create_queue(
            QueueName=f"{name}-all", Attributes={"Policy": json.dumps({"Statement": [open_]})}
        )
        client("sns").subscribe(
            TopicArn=made, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"}
        )
        return made

    def function(self, name: str, service: str, source: str) -> str:
        """A function that does nothing, with a random permission, sometimes without concurrency."""
        chance = self.random
        lambda_ = client("lambda")
        if not self._functions_role:
            self._functions_role = client("iam").create_role(
                RoleName="functions", AssumeRolePolicyDocument=json.dumps(TRUST)
            )["Role"]["Arn"]
        made = function("def lambda_handler(event, context):\n    return 1\n", name, self._functions_role)
        asked: dict[str, str] = {}
        if chance.random() < 0.6:
            asked["SourceArn"] = chance.choice([source, source, f"{source}-other", f"{source[:-2]}*"])
        if chance.random() < 0.2:
            asked["SourceAccount"] = chance.choice([self.account, "999999999999"])
        if chance.random() < 0.85:
            lambda_.add_permission(
                FunctionName=name,
                StatementId="s",
                Action="lambda:InvokeFunction",
                Principal=chance.choice([service, service, service, "apigateway.amazonaws.com"]),
                **asked,
            )
        if chance.random() < 0.1:
            lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        return made

    def key(self, service: str, source: str, own: str) -> str:
        """A key: of AWS's own, a customer's that lets the service in or not, or one that is switched off."""
        chance = self.random
        if chance.random() < 0.3:
            return own
        kms = client("kms")
        root = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{self.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        may: dict[str, Json] = {
            "Effect": "Allow",
            "Principal": {"Service": chance.choice([service, service, service, "logs.amazonaws.com"])},
            "Action": chance.choice(
                [["kms:GenerateDataKey*", "kms:Decrypt"], ["kms:Decrypt"], "kms:*", ["kms:GenerateDataKey"]]
            ),
            "Resource": "*",
        }
        if chance.random() < 0.3:
            may["Condition"] = {"ArnEquals": {"aws:SourceArn": chance.choice([source, f"{source}x"])}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [root, may]})
        made: str = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
        if chance.random() < 0.1:
            kms.disable_key(KeyId=made)
        return made

    def role(self, target: str, trusts: str = EVENTS) -> str:
        """A role that may send to a target, or not; sometimes there is none of its name."""
        chance = self.random
        name = f"role{len(self._roles)}"
        made = f"arn:aws:iam::{self.account}:role/{name}"
        self._roles.append(made)
        if chance.random() < 0.1:
            return made
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": trusts}, "Action": "sts:AssumeRole"}]}
        client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        statement = {
            "Effect": chance.choice(["Allow", "Allow", "Allow", "Deny"]),
            "Action": chance.choice(["*", ["sqs:SendMessage", "sns:Publish", "lambda:InvokeFunction"], "s3:*"]),
            "Resource": chance.choice([target, "*", f"{target}x"]),
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        return made

    def policy(self, resource: str, service: str, action: str, source: str) -> str:
        """A policy of one to three statements."""
        statements = [self._statement(resource, service, action, source, n) for n in range(self._some())]
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    def _some(self) -> int:
        return self.random.choice([1, 1, 1, 2, 3])

    def _statement(self, resource: str, service: str, action: str, source: str, number: int) -> Json:
        chance = self.random
        namespace, _, call = action.partition(":")
        made: dict[str, Json] = {
            "Sid": f"s{number}",
            "Effect": "Deny" if chance.random() < 0.12 else "Allow",
            "Principal": chance.choice(
                [{"Service": service}] * 6
                + ["*", {"AWS": "*"}, {"Service": ["ses.amazonaws.com", service]}]
                + [{"Service": "ses.amazonaws.com"}, {"AWS": f"arn:aws:iam::{self.account}:root"}]
            ),
            "Action": chance.choice(
                [action] * 5 + [f"{namespace.upper()}:{call}", f"{namespace}:{call[:3]}*", f"{namespace}:GetX"]
            ),
            "Resource": chance.choice([resource] * 6 + ["*", f"{resource[:-1]}?", f"{resource}x"]),
        }
        if chance.random() < 0.75:
            made["Condition"] = chance.choice(self._conditions(source))
        return made

    def _conditions(self, source: str) -> list[Json]:
        head, _, tail = source.rpartition(":")
        return [
            *[{"ArnEquals": {"aws:SourceArn": source}}] * 4,
            {"ArnLike": {"aws:SourceArn": f"{head}:*"}},
            {"ArnLike": {"AWS:SourceArn": [f"{source}x", source]}},
            {"ArnEquals": {"aws:SourceArn": f"{head}:other{tail}"}},
            {"StringLike": {"aws:SourceArn": f"{source[:12]}*"}},
            {"ArnLike": {"aws:SourceArn": f"{source[:12]}*"}},
            {"StringEquals": {"aws:SourceAccount": self.account}},
            {"StringEquals": {"aws:SourceAccount": "999999999999"}},
            {"StringEquals": {"aws:SourceAccount": self.account}, "ArnLike": {"aws:SourceArn": source}},
            {"ArnNotEquals": {"aws:SourceArn": source}},
            {"StringNotEquals": {"aws:SourceAccount": "999999999999"}},
            {"StringEqualsIfExists": {"aws:SourceAccount": self.account}},
            {"StringEquals": {"AWS:SourceOwner": self.account}},
            {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
            {"StringNotEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
            {"Bool": {"aws:SecureTransport": "false"}},
            {"Null": {"aws:SourceArn": "false"}},
            {"ForAnyValue:StringEquals": {"aws:SourceAccount": [self.account]}},
        ]
