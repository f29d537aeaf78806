"""The commands that put findings right, ready to paste into a shell."""

import json

from opsctl.dlq.audit.alarms import usual_topic
from opsctl.dlq.audit.region import QueueSeen, Region, Source, name_in
from opsctl.model.commands import Commands, commands_there
from opsctl.model.value import Json
from opsctl.resources.queue_facts import QueueFacts
from opsctl.resources.resource_policies import ServiceCall, statements_of

MAX_RETENTION_S = 1_209_600
_EXPIRES_FIRST_S = 345_600
MAX_RECEIVE = 5


def attach(source: Source | str, region: Region, *flags: str) -> str:
    """`opsctl dlq attach` for a source."""
    name = source if isinstance(source, str) else source.attach
    return _opsctl(region, "dlq", "attach", name, *flags)


def attach_again(source: Source, region: Region, *flags: str) -> str:
    """`opsctl dlq attach` to the dead-letter queue it has already, which mends what is around it."""
    consumed = ("--override", "working-queue") if region.consumers_of(source.target) else ()
    return attach(source, region, "--dlq", name_in(source.target), *flags, *consumed)


def attach_other(source: Source, name: str, region: Region) -> str:
    """`opsctl dlq attach` to another queue than the one it has."""
    same = source.target.split(":")[2:3] == ["sqs"] and name == name_in(source.target)
    replace = () if same else ("--override", "has-another-dlq")
    return attach(source, region, "--dlq", name, *replace)


def resume(seen: QueueSeen, region: Region) -> str:
    """`opsctl resume` of the run that parks messages in a queue."""
    return _opsctl(region, "resume", seen.parked_by)


def set_attributes(facts: QueueFacts, region: Region, **attributes: str) -> str:
    """Set attributes of a queue."""
    simple = all(value.isalnum() for value in attributes.values())
    given = ",".join(f"{k}={v}" for k, v in attributes.items()) if simple else json.dumps(attributes)
    return _aws(region, "sqs", "set-queue-attributes", "--queue-url", facts.url, "--attributes", given)


def keep_longer(facts: QueueFacts, region: Region) -> str:
    """Keep messages as long as SQS can."""
    return set_attributes(facts, region, MessageRetentionPeriod=str(MAX_RETENTION_S))


def keep_shorter(facts: QueueFacts, region: Region) -> str:
    """Let a source keep messages for SQS's default of four days, so that its dead-letter queue keeps longer."""
    return set_attributes(facts, region, MessageRetentionPeriod=str(_EXPIRES_FIRST_S))


def keep_failures(function: str, qualifier: str, target: str, region: Region) -> str:
    """Send the failures of an alias or version somewhere: what is published can have nothing but a destination.

    Putting a configuration drops what is not in it, so one that is there is updated.
    """
    there = f"{function}:{qualifier}" in region.configured
    call = "update-function-event-invoke-config" if there else "put-function-event-invoke-config"
    config = json.dumps({"OnFailure": {"Destination": target}})
    named = ("--function-name", name_in(function), "--qualifier", qualifier)
    return _aws(region, "lambda", call, *named, "--destination-config", config)


def create_queue(arn: str, region: Region) -> str:
    """Make a queue that is named and does not exist."""
    name = name_in(arn)
    fifo = ("--attributes", "FifoQueue=true") if name.endswith(".fifo") else ()
    return _aws(region, "sqs", "create-queue", "--queue-name", name, *fifo)


def move_to_other_type(source: Source, region: Region) -> str:
    """Make a queue of the right type beside the wrong one, and send the failures there."""
    arn = source.target.removesuffix(".fifo") + (".fifo" if source.fifo else "")
    if source.attach:
        return attach_other(source, name_in(arn), region)
    if source.kind == "bus":
        config = ("--dead-letter-config", f"Arn={arn}")
        move = _aws(region, "events", "update-event-bus", "--name", source.name, *config)
    else:
        config = ("--destination-config", json.dumps({"OnFailure": {"Destination": arn}}))
        move = _aws(region, "lambda", "update-event-source-mapping", "--uuid", source.arn, *config)
    return f"{create_queue(arn, region)} && {move}"


def create_topic(arn: str, region: Region) -> str:
    """Make a topic that is named and does not exist."""
    return _aws(region, "sns", "create-topic", "--name", name_in(arn))


def allow_only(facts: QueueFacts, sources: list[str], region: Region) -> str:
    """Let only these queues use a dead-letter queue, none when there are none."""
    policy: Json = {"redrivePermission": "denyAll"}
    if sources:
        policy = {"redrivePermission": "byQueue", "sourceQueueArns": sorted(sources)}
    return set_attributes(facts, region, RedriveAllowPolicy=json.dumps(policy))


def let_send(facts: QueueFacts, policy: str, call: ServiceCall, region: Region) -> str:
    """Add a statement to a queue's policy that lets a service send on behalf of something."""
    return set_attributes(facts, region, Policy=_with(policy, call, facts.arn, call.action))


def let_encrypt(key: str, policy: str, call: ServiceCall, region: Region) -> str:
    """Add a statement to a key's policy that lets a service encrypt for a queue."""
    document = _with(policy, call, "*", ["kms:GenerateDataKey", "kms:Decrypt"])
    given = ("--policy-name", "default", "--policy", document)
    return _aws(region, "kms", "put-key-policy", "--key-id", key, *given)


def own_encryption(facts: QueueFacts, region: Region) -> str:
    """Encrypt a queue with SQS-managed keys, which every service may use."""
    return set_attributes(facts, region, KmsMasterKeyId="", SqsManagedSseEnabled="true")


def alarm_on(facts: QueueFacts, source: Source | None, region: Region) -> str:
    """Watch a queue's depth, and tell the topic that most alarms on queues tell."""
    topic = usual_topic(region.alarms) or "SNS_TOPIC_ARN"
    if source is not None:
        return attach_again(source, region, "--alarm", topic)
    dimension = f"Name=QueueName,Value={facts.name}"
    return _aws(
        region,
        *("cloudwatch", "put-metric-alarm", "--alarm-name", f"{facts.name}-not-empty", "--namespace", "AWS/SQS"),
        *("--metric-name", "ApproximateNumberOfMessagesVisible", "--dimensions", dimension),
        *("--statistic", "Maximum", "--period", "60", "--evaluation-periods", "1", "--threshold", "0"),
        *("--comparison-operator", "GreaterThanThreshold", "--alarm-actions", topic),
    )


def unmute(alarm: str, region: Region) -> str:
    """Switch an alarm's actions on again."""
    return _aws(region, "cloudwatch", "enable-alarm-actions", "--alarm-names", alarm)


def inspect(facts: QueueFacts, region: Region) -> str:
    """Look at what lies in a queue."""
    return _opsctl(region, "dlq", "inspect", facts.name)


def _with(policy: str, call: ServiceCall, resource: str, action: Json) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": call.service},
        "Action": action,
        "Resource": resource,
        "Condition": {"ArnEquals": {"aws:SourceArn": call.source_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements_of(policy), statement]})


def _opsctl(region: Region, *words: str) -> str:
    """Quote for a shell; a command that is pasted must not reach another account or region than this one."""
    return _there(region).opsctl(*words)


def _aws(region: Region, *words: str) -> str:
    return _there(region).aws(*words)


def _there(region: Region) -> Commands:
    return commands_there(region.reached_by, region.region, region.endpoint)
