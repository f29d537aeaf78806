"""S3 notifies only who lets it in, calls functions later, and tells EventBridge what it was recorded to tell.

Sources: S3 guide, "Granting permissions to publish event notification messages to a destination" (policy and key
are looked at for each message, not at the Put alone) and "Using EventBridge" (the default bus of the bucket's
Region, and no other); answers recorded in public tests, test_s3_notifications_eventbridge (`etag` in small
letters, `reason` with the name of the call). What does not get there is gone: there is no dead-letter queue.
"""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.deliveries import invoke_later, send_message
from opsctl.sandbox.engine.service_permissions import policy_of, service_delivers

SERVICE = "s3.amazonaws.com"
_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
    "Delete": "DeleteObject",
    "DeleteMarkerCreated": "DeleteObject",
}


def install() -> None:
    """Take the place of moto's deliveries."""
    from moto.s3 import notifications
    from moto.s3.responses import S3Response

    S3Response.put_object_tagging = _asked_for(S3Response.put_object_tagging)
    notifications.send_event = _send_event
    notifications.send_test_event = _send_test_event


# moto tells of tags at every Put of an object; S3 does where they are put by themselves (S3 guide, event types).
_TAGGING: ContextVar[bool] = ContextVar("tagging", default=False)


def _asked_for(method: Callable[..., Any]) -> Callable[..., Any]:
    def put(self: Any) -> Any:
        token = _TAGGING.set(True)
        try:
            return method(self)
        finally:
            _TAGGING.reset(token)

    return put


def _send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
    from moto.s3.notifications import _get_s3_event

    asked = bucket.notification_configuration
    if asked is None or (event_name == "s3:ObjectTagging:Put" and not _TAGGING.get()):
        return
    for one in (*asked.cloud_function, *asked.queue, *asked.topic):
        if one.matches(event_name, key.name):
            _deliver(account_id, bucket, one.arn, json.dumps(_get_s3_event(event_name, bucket, key, one.id)))
    if asked.event_bridge is not None:
        _tell_eventbridge(account_id, event_name, bucket, key)


def _send_test_event(account_id: str, bucket: Any) -> None:
    from moto.s3.notifications import _get_test_event

    asked = bucket.notification_configuration
    for arn in dict.fromkeys(one.arn for one in (*asked.queue, *asked.topic)):
        _deliver(account_id, bucket, arn, json.dumps(_get_test_event(bucket.name)))


def _deliver(account: str, bucket: Any, arn: str, body: str) -> None:
    there = policy_of(account, arn) is not None
    if not there or not service_delivers(
        account, arn, service=SERVICE, source_arn=bucket.arn, source_account=account
    ):
        return
    if arn.split(":")[2] == "lambda":
        invoke_later(account, arn, body)
    else:
        send_message(account, arn.split(":")[3], arn, body)


def _tell_eventbridge(account: str, event_name: Any, bucket: Any, key: Any) -> None:
    from moto.events.models import events_backends
    from moto.s3.notifications import _detail_type

    family, _, what = str(event_name.value).removeprefix("s3:").partition(":")
    told = {
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000000",
        "detail-type": _detail_type(event_name),
        "source": "aws.s3",
        "account": account,
        "time": conditions(account).now(),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": {
                "key": key.name,
                "size": key.size,
                "etag": key.etag.replace('"', ""),
                "sequencer": "617f08299329d189",
                **({"version-id": key.version_id} if bucket.versioning_status else {}),
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": account,
            "source-ip-address": "1.2.3.4",
            **({"reason": _REASONS[what]} if family in ("ObjectCreated", "ObjectRemoved") else {}),
        },
    }
    bus = events_backends[account][bucket.region_name].event_buses["default"]
    for rule in list(bus.rules.values()):
        rule.send_to_targets(dict(told), transform_input=False)
