"""What an audit looks for: each rule by its stable id, with the reason in AWS's own terms."""

from typing import Literal

from opsctl.model.value import Value

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")

WHY = {
    "endless-loop": (
        "Lambda retries a message that fails until it expires, and each attempt is charged; a batch that contains "
        "it fails as a whole (Lambda guide, SQS event source)."
    ),
    "fifo-blocked": (
        "A message that fails blocks all later messages of its group until it is deleted, expires or moves to a "
        "dead-letter queue (SQS guide, FIFO delivery)."
    ),
    "fifo-held-long": (
        "A message that fails blocks its group for maxReceiveCount times the visibility timeout before it moves "
        "to the dead-letter queue."
    ),
    "receive-count-low": (
        "While the function is throttled, Lambda receives messages that it cannot process, and each receive "
        "counts: AWS advises a maxReceiveCount of at least 5 (Lambda guide, SQS event source)."
    ),
    "visibility-short": (
        "Messages become visible while the function still processes them, and are processed twice: AWS advises "
        "six times the function's timeout, plus the batch window (Lambda guide, SQS event source)."
    ),
    "dlq-missing": "The queue or topic for failures does not exist: they are lost, or retried until they expire.",
    "type-mixed": (
        "The dead-letter queue of a FIFO queue or topic must be FIFO, that of a standard one standard. Lambda, "
        "EventBridge and Scheduler support standard queues only."
    ),
    "retention-short": (
        "A message of a standard queue keeps its original send time when it moves to the dead-letter queue, so "
        "the retention there must be longer than in the source (SQS guide, dead-letter retention)."
    ),
    "delivery-denied": (
        "The queue policy must allow SNS and EventBridge to send. Otherwise failures are discarded, seen only in "
        "NumberOfNotificationsFailedToRedriveToDlq and InvocationsFailedToBeSentToDLQ."
    ),
    "key-closed": (
        "To send to an encrypted queue SNS and EventBridge need kms:GenerateDataKey and kms:Decrypt in the key "
        "policy; the policy of the AWS managed key alias/aws/sqs cannot be changed."
    ),
    "no-alarm": (
        "Nobody learns that messages fail. An alarm must watch ApproximateNumberOfMessagesVisible or the age of "
        "the oldest: NumberOfMessagesSent does not count what SQS itself moves (SQS guide)."
    ),
    "alarm-unheard": "The alarm has no action, or its actions are disabled, so it notifies nobody.",
    "allow-policy-open": (
        "Any queue of the account and Region can use this queue as its dead-letter queue (SQS API, "
        "RedriveAllowPolicy)."
    ),
    "unattended": (
        "The queue has held messages for a week or more, and none was deleted for two weeks: nobody reads them, "
        "and they will expire."
    ),
    "left-parked": (
        "A redrive or purge with --through took these messages out of their queue and did not bring them back. "
        "They expire 14 days after they were parked."
    ),
    "subscription-no-dlq": (
        "SNS discards a message at once when the endpoint is gone or refuses it, otherwise after its retries "
        "(SNS guide, message delivery retries)."
    ),
    "async-no-dlq": (
        "Lambda retries a failed asynchronous event twice within minutes, then discards it (Lambda guide, "
        "asynchronous invocation)."
    ),
    "target-no-dlq": (
        "EventBridge discards an event after 185 attempts or 24 hours, at once when the target is gone or refuses "
        "(EventBridge guide, dead-letter queues)."
    ),
    "schedule-no-dlq": (
        "EventBridge Scheduler discards a failed invocation when its retry policy is exhausted (Scheduler guide, "
        "dead-letter queues)."
    ),
}


class AuditFinding(Value):
    """One thing that is wrong: with what, why it matters, and the command that puts it right.

    `queues` are the ARNs of the queues it concerns; `says` is the whole in one line.
    """

    id: str
    severity: Severity
    resource: str
    arn: str
    what: str
    why: str
    fix: str
    queues: tuple[str, ...]
    says: str


def finding(
    id_: str, severity: Severity, *, resource: str, arn: str, what: str, fix: str, queues: tuple[str, ...] = ()
) -> AuditFinding:
    """Make a finding of a rule."""
    return AuditFinding(
        id=id_,
        severity=severity,
        resource=resource,
        arn=arn,
        what=what,
        why=WHY[id_],
        fix=fix,
        queues=queues,
        says=f"{id_}: {resource}: {what}. Fix: {fix}",
    )
