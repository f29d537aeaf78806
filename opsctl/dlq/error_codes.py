"""What the error code of an undelivered event means, in plain words, and what to check.

Sources: EventBridge guide, "Using dead-letter queues to process undelivered events" and "Sending and receiving
events between event buses"; Lambda guide, "Capturing records of asynchronous invocations".
"""

_SENT: dict[str, str] = {
    "CONNECTION_FAILURE": "the target could not be reached; check its endpoint, connection and security groups",
    "CROSS_ACCOUNT_INGESTION_FAILED": "the other account's event bus did not take it; check that bus's policy",
    "CROSS_REGION_INGESTION_FAILED": "the event bus of the other Region did not take it; check that it exists",
    "ERROR_FROM_TARGET": "the target answered with an error; check what it logged at that time",
    "FAILED_TO_ASSUME_ROLE": "the target's role could not be assumed; check that it exists and whom it trusts",
    "INTERNAL_ERROR": "EventBridge itself failed; nothing to fix, send it again",
    "INVALID_JSON": "the input made for the target is not JSON; check its input transformer",
    "INVALID_PARAMETER": "the target refused the request; check its input and its parameters",
    "NO_PERMISSIONS": "EventBridge may not call the target; check the target's policy, or the role of the rule",
    "NO_RESOURCE": "the target does not exist; check whether it was deleted or renamed",
    "RESOURCE_ALREADY_EXISTS": "the resource that the call creates already exists",
    "RESOURCE_LIMIT_EXCEEDED": "a quota of the target is exhausted; check its quotas",
    "RESOURCE_MODIFICATION_COLLISION": "the target was being changed at that moment; send it again",
    "SDK_CLIENT_ERROR": "the call could not be made; check the target's parameters and its input",
    "THIRD_ACCOUNT_HOP_DETECTED": "an event that came from another bus is not passed on to a third; "
    "let the first bus send to it directly",
    "THIRD_REGION_HOP_DETECTED": "an event that came from another Region is not passed on to a third; "
    "let the first bus send to it directly",
    "THROTTLING": "the target throttled until the retries were used up; check its concurrency and quotas",
    "TIMEOUT": "the target did not answer in time; check how long it takes",
    "TRANSIENT_ASSUME_ROLE": "the role of the target could not be assumed for a while; send it again",
    "UNKNOWN": "EventBridge does not say why",
}
_CONDITIONS: dict[str, str] = {
    "RetriesExhausted": "every retry failed; what the function logged tells why",
    "EventAgeExceeded": "it exceeded its maximum age; usually because the function was throttled all the time",
    "RetryAttemptsExhausted": "the batch failed as often as its mapping tries; what the function logged tells why",
    "RecordAgeExceeded": "the records became older than the mapping allows before they were processed",
}


def delivery_error(code: str) -> str:
    """Say what an ERROR_CODE of EventBridge or of a schedule means; an unknown one is shown as such."""
    if not code:
        return "no error code came with it"
    return f"{code}: {_SENT.get(code, 'not a code that opsctl knows; the message beside it is what AWS says')}"


def invocation_error(code: str) -> str:
    """Say what the ErrorCode of a failed asynchronous invocation means: the status of the HTTP answer."""
    if code == "200":
        return "200: the function ran and ended with an error"
    if code == "429":
        return "429: the function was throttled until the event was too old"
    return f"{code}: Lambda could not run the function" if code else ""


def condition_of(code: str) -> str:
    """Say what the condition of an on-failure record means; nothing for any other code."""
    return _CONDITIONS.get(code, "")
