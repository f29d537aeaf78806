"""Who a queue's own policy, or a topic's or function's, lets in: services write there by this permission alone."""

from opsctl.model.value import Json
from opsctl.resources.resource_policies import as_list, is_about, statements_of

EVERYTHING = "*"
SENDING = "sqs:SendMessage"


def let_in(policy: str, service: str, action: str = SENDING) -> tuple[str, ...]:
    """Return the ARN patterns for which a service may act under a policy; nothing when it may not at all.

    SNS and EventBridge deliver dead letters by the queue's policy only, never by a role (SNS guide,
    "Configuring a dead-letter queue for a subscription"; EventBridge guide, "Using dead-letter queues"), so
    what it does not let in cannot be behind a dead letter.
    """
    found: list[str] = []
    for statement in statements_of(policy):
        if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
            continue
        if not is_about(statement, action) or not _names(statement.get("Principal"), service):
            continue
        found += _sources(statement.get("Condition") or {}) or [EVERYTHING]
    return tuple(dict.fromkeys(found))


def _names(principal: Json, service: str) -> bool:
    if not isinstance(principal, dict):
        return bool(principal == "*")
    return service in as_list(principal.get("Service")) or "*" in [
        *as_list(principal.get("Service")),
        *as_list(principal.get("AWS")),
    ]


def _sources(condition: Json) -> list[str]:
    return [
        str(value)
        for test in condition.values()
        if isinstance(test, dict)
        for key, values in test.items()
        if key.lower() == "aws:sourcearn"
        for value in as_list(values)
    ]
