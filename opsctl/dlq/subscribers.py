"""Where a subscription delivers to: one judgement for the plan and for each message; pure."""

from opsctl.dlq.route import Route
from opsctl.model.value import Json

INTO_ITSELF = "it delivers to this queue itself, so the message would come back at once"


def is_queue(arn: str, *, region: str, account: str, name: str) -> bool:
    """Tell whether an ARN is that of a queue, whatever its partition is called."""
    parts = arn.split(":")
    return len(parts) == 6 and [parts[2], *parts[3:]] == ["sqs", region, account, name]


def subscriber(told: dict[str, Json], *, region: str, account: str, queue: str) -> Route:
    """Return the way to what a subscription delivers to, for a notification that failed into `queue`.

    Raises:
        ValueError: nothing can be delivered for it, with the reason.
    """
    arn, protocol, endpoint = str(told["SubscriptionArn"]), str(told["Protocol"]), str(told["Endpoint"])
    why = f"its subscription of topic {str(told['TopicArn']).rpartition(':')[2]} uses this dead-letter queue"
    if protocol == "lambda":
        function = endpoint.split(":function:")[-1]
        return Route(origin=arn, kind="function", arn=endpoint, name=function, form="notification", why=why)
    if protocol != "sqs":
        raise ValueError(f"SNS signs what it delivers by {protocol}, and only SNS can sign")
    if is_queue(endpoint, region=region, account=account, name=queue):
        raise ValueError(INTO_ITSELF)
    if endpoint.split(":")[4] != account:
        raise ValueError(f"its queue {endpoint} belongs to another account")
    return Route(
        origin=arn, kind="queue", arn=endpoint, name=endpoint.rpartition(":")[2], why=why, bare=is_raw(told)
    )


def is_raw(told: dict[str, Json]) -> bool:
    """Tell whether a subscription delivers the bare message, without an envelope that names it."""
    return str(told.get("RawMessageDelivery", "")).lower() == "true"
