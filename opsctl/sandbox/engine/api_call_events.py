"""Tells EventBridge of the calls that were made, as CloudTrail does where a trail logs them.

Source: EventBridge guide, "AWS service events delivered via CloudTrail"; CloudTrail guide, "CloudTrail record
contents". Calls on what is in a resource (messages, objects, invocations) are data events, which trails leave out
unless they are asked for.
"""

from typing import Any

from opsctl.sandbox.engine.calls import Call
from opsctl.sandbox.engine.deliveries import BY_CLOUDTRAIL
from opsctl.sandbox.engine.events import emit

_DATA = (
    "dynamodb.PutItem",
    "events.PutEvents",
    "lambda.Invoke",
    "s3.CopyObject",
    "s3.DeleteObject",
    "s3.GetObject",
    "s3.PutObject",
    "sns.Publish",
    "sqs.DeleteMessage",
    "sqs.ReceiveMessage",
    "sqs.SendMessage",
)


def anybody_listens(account: str, region: str) -> bool:
    """Whether a trail logs here and a rule of the default bus asks for calls."""
    from moto.cloudtrail.models import cloudtrail_backends
    from moto.events.models import events_backends

    rules = events_backends[account][region].event_buses["default"].rules.values()
    if not any(BY_CLOUDTRAIL in str(one.event_pattern.dump()) for one in rules):
        return False
    trails = [one for backend in cloudtrail_backends[account].values() for one in backend.trails.values()]
    return any(one.status.is_logging for one in trails if one.is_multi_region or one.region_name == region)


def tell_of(call: Call, caller_arn: str) -> None:
    """Tell EventBridge of a call that was answered with success."""
    from moto.core.utils import get_service_model

    if call.api in _DATA:
        return
    prefix = get_service_model(call.service).endpoint_prefix
    emit(
        call.account,
        call.region,
        source=f"aws.{prefix}",
        detail_type=BY_CLOUDTRAIL,
        resources=[],
        detail={
            "eventVersion": "1.08",
            "userIdentity": {"arn": caller_arn, "accountId": call.account},
            "eventSource": f"{prefix}.amazonaws.com",
            "eventName": call.operation,
            "awsRegion": call.region,
            "requestParameters": {name: _plain(value) for name, value in call.params.items()},
        },
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else str(value)
