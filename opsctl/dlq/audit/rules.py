"""What an audit looks for: each rule by its stable id, with the reason in AWS's own terms."""

from typing import Literal

from opsctl.model.value import Value

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")

WHY = {
    "endless-loop": (
        "Lambda takes a message that fails again and again until it expires, and pays for every try; a batch "
        "with it fails whole (Lambda guide, SQS event source)."
    ),
    "fifo-blocked": (
        "The other messages of its group wait behind a message that fails until it is deleted, expires or "
        "moves to a dead-letter queue (SQS guide, FIFO delivery)."
    ),
    "fifo-held-long": (
        "A message that fails holds up its group for maxReceiveCount times the visibility timeout before it "
        "moves to the dead-letter queue."
    ),
    "receive-count-low": (
        "Lambda's poller receives messages that it cannot hand over while the function is throttled, and each "
        "counts: AWS advises a maxReceiveCount of at least 5 (Lambda guide, SQS event source)."
    ),
    "visibility-short": (
        "Messages come back while the function still works on them, and are processed twice: AWS advises six "
        "times the function's timeout, plus the batch window (Lambda guide, SQS event source)."
    ),
    "dlq-missing": "The queue or topic that failures should go to does not exist, so they are lost or go round.",
    "type-mixed": (
        "A FIFO queue needs a FIFO dead-letter queue and a standard queue a standard one, a subscription one of "
        "its topic's type; Lambda, EventBridge and Scheduler deliver to standard queues only."
    ),
    "retention-short": (
        "In a standard queue a message expires by the time it was first sent, also after it moved to the "
        "dead-letter queue: that queue must keep longer than its source (SQS guide, dead-letter retention)."
    ),
    "delivery-denied": (
        "SNS and EventBridge need the queue's policy to let them send; without it failures are dropped, seen "
        "only in NumberOfNotificationsFailedToRedriveToDlq and InvocationsFailedToBeSentToDLQ."
    ),
    "key-closed": (
        "To send to an encrypted queue SNS and EventBridge need kms:GenerateDataKey and kms:Decrypt from the "
        "key's own policy; the policy of AWS's own key alias/aws/sqs cannot give it."
    ),
    "no-alarm": (
        "Nobody learns that messages fail. An alarm must watch ApproximateNumberOfMessagesVisible or the age of "
        "the oldest: NumberOfMessagesSent does not count what SQS itself moves (SQS guide)."
    ),
    "alarm-unheard": "The alarm goes off and tells nobody: it has no action, or its actions are switched off.",
    "allow-policy-open": (
        "Every queue of the account and region may name this queue as its dead-letter queue and mix its "
        "messages in (SQS API, RedriveAllowPolicy)."
    ),
    "unattended": (
        "Messages have been lying here for a week or more and none was deleted for two: nobody reads them, and "
        "they expire unseen."
    ),
    "left-parked": (
        "A redrive or purge with --through has taken these messages out of their queue and not brought them back; "
        "they expire 14 days after they were parked."
    ),
    "subscription-no-dlq": (
        "SNS gives up at once when the endpoint is gone or refuses, else after its retries, and drops the "
        "message (SNS guide, message delivery retries)."
    ),
    "async-no-dlq": (
        "Lambda tries a failed asynchronous event twice more, within minutes, and drops it (Lambda guide, "
        "asynchronous invocation)."
    ),
    "target-no-dlq": (
        "EventBridge drops an event after 185 tries or 24 hours, and at once when the target is gone or refuses "
        "(EventBridge guide, dead-letter queues)."
    ),
    "schedule-no-dlq": (
        "Scheduler drops a failed invocation once its retry policy is exhausted (Scheduler guide, dead-letter "
        "queues)."
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
