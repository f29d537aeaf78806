"""What a filter leaves to be said about a move."""

from opsctl.dlq.message_filter import MessageFilter, says_unjudged
from opsctl.model.jobs import JobResult

_BEHIND = (
    "a filter sees only the first messages of each group of a FIFO queue: with --through all messages are taken "
    "out in order, and those that do not match are brought back"
)


def after_filtering(result: JobResult, message_filter: MessageFilter | None, *, fifo: bool) -> JobResult:
    """Add to a result what the filter could not judge, and what to do about messages that it could not see."""
    if message_filter is None:
        return result
    if fifo and result.details["left_by_filter"] and result.details["not_looked_at"]:
        result = result.model_copy(update={"hint": _BEHIND})
    if not message_filter.unjudged:
        return result
    says = f"{result.says}; {says_unjudged(message_filter.unjudged)}"
    details = {**result.details, "unjudged": dict(message_filter.unjudged)}
    return result.model_copy(update={"says": says, "details": details})
