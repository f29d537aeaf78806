"""S3's event notifications, where moto loses a member, breaks on AWS's own answer, or takes what S3 refuses.

Sources: S3 guide, "Event notification types and destinations", "Configuring notifications with object key name
filtering", "Granting permissions to publish"; PutBucketNotificationConfiguration; answers of S3 recorded in public
tests (test_notifications_with_filter, test_filter_rules_empty_value, test_invalid_sqs_arn,
test_multiple_invalid_sqs_arns); the text of an overlap as users quote it; OperationAborted among S3's errors.
"""

import random
import string
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any
from xml.sax.saxutils import escape

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.service_permissions import policy_of, service_may

SERVICE = "s3.amazonaws.com"
ENTRIES_AT_MOST = 100
_LISTS = {
    "TopicConfiguration": ("Topic", "TopicConfigurations", "TopicArn"),
    "QueueConfiguration": ("Queue", "QueueConfigurations", "QueueArn"),
    "CloudFunctionConfiguration": ("CloudFunction", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
}
_WORDS = {"sqs": "queue", "sns": "topic", "lambda": "function"}
_OVERLAP = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)
_BUSY = "A conflicting conditional operation is currently in progress against this resource. Please try again."


def install() -> None:
    """Put the rules around moto's two calls."""
    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response

    S3Response._notification_config_from_body = _parsed
    S3Response.get_bucket_notification = _told
    FakeBucket.set_notification_configuration = _kept(FakeBucket.set_notification_configuration)


def _parsed(self: Any) -> dict[str, Any]:
    """Read the document of a Put and refuse what S3 refuses; names of filters come in either case."""
    import xmltodict

    told = xmltodict.parse(self.body)["NotificationConfiguration"] or {}
    found: dict[str, Any] = {
        kind: [_entry(one, _LISTS[kind][0]) for one in _several(told.get(kind))]
        for kind in _LISTS
        if told.get(kind)
    }
    if "EventBridgeConfiguration" in told:
        found["EventBridgeConfiguration"] = {}
    bucket = self.backend.get_bucket(self.bucket_name)
    _refuse_busy(bucket)
    skip = str(self.headers.get("x-amz-skip-destination-validation", "")).lower() == "true"
    _refuse(bucket, found, skip=skip)
    return found


def _refuse_busy(bucket: Any) -> None:
    """S3 API, error responses: OperationAborted, 409."""
    if bucket.name in conditions(bucket.account_id).faults.busy_buckets:
        raise _answered_with(409, {"Code": "OperationAborted", "Message": _BUSY})


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _entry(told: Any, member: str) -> dict[str, Any]:
    rules = _several((((told.get("Filter") or {}).get("S3Key") or {}).get("FilterRule")) or None)
    made: dict[str, Any] = {
        "Id": told.get("Id") or "".join(random.choices(string.ascii_letters + string.digits, k=48)),  # noqa: S311
        member: str(told[member]),
        "Event": _several(told.get("Event")),
    }
    if rules:
        kept = [{"Name": str(one["Name"]).lower(), "Value": one.get("Value") or ""} for one in rules]
        made["Filter"] = {"S3Key": {"FilterRule": kept}}
    return made


def _entries(found: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, (member, _, _) in _LISTS.items():
        for one in found.get(kind) or []:
            yield one[member], one


def _refuse(bucket: Any, found: Mapping[str, Any], *, skip: bool) -> None:
    from moto.s3.exceptions import S3ClientError

    entries = list(_entries(found))
    for arn, one in entries:
        if len(arn.split(":")) < 6 or not arn.startswith("arn:"):
            raise S3ClientError("InvalidArgument", "The ARN could not be parsed")
        names = [rule["Name"] for rule in _rules(one)]
        if len(names) != len(set(names)) or set(names) - {"prefix", "suffix"}:
            raise S3ClientError("InvalidArgument", "filter rule name must be either prefix or suffix")
        if arn.endswith(".fifo"):
            raise S3ClientError("InvalidArgument", "FIFO SQS queues and FIFO topics are not supported")
    if len(entries) > ENTRIES_AT_MOST:
        raise S3ClientError("InvalidArgument", f"More than {ENTRIES_AT_MOST} configurations")
    ids = [one["Id"] for _, one in entries]
    if len(ids) != len(set(ids)):
        raise S3ClientError("InvalidArgument", "Same ID used for multiple configurations. IDs must be unique")
    if any(overlap(one, other) for (_, one), (_, other) in combinations(entries, 2)):
        raise S3ClientError("InvalidArgument", _OVERLAP)
    if not skip:
        _refuse_destinations(bucket, [arn for arn, _ in entries])


def _rules(one: Mapping[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = ((one.get("Filter") or {}).get("S3Key") or {}).get("FilterRule") or []
    return found


def overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Two entries may not share an event type where both prefix and suffix overlap (S3 guide, name filtering)."""
    if not any(_same_type(first, second) for first in one["Event"] for second in other["Event"]):
        return False
    mine, theirs = ({rule["Name"]: rule["Value"] for rule in _rules(each)} for each in (one, other))
    prefixes = mine.get("prefix", ""), theirs.get("prefix", "")
    suffixes = mine.get("suffix", ""), theirs.get("suffix", "")
    return _begins(*prefixes) and _ends(*suffixes)


def _same_type(one: str, other: str) -> bool:
    return one == other or any(
        wide.endswith("*") and narrow.startswith(wide[:-1]) for wide, narrow in ((one, other), (other, one))
    )


def _begins(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _ends(one: str, other: str) -> bool:
    return one.endswith(other) or other.endswith(one)


def _refuse_destinations(bucket: Any, arns: list[str]) -> None:
    """Each Put looks at every destination, those of others too."""
    faults = [(arn, why) for arn in dict.fromkeys(arns) if (why := _fault(bucket, arn))]
    if faults:
        raise _invalid_destinations(faults)


def _fault(bucket: Any, arn: str) -> str:
    _, _, service, region, account, _name = arn.split(":", 5)
    if region != bucket.region_name:
        return "The notification destination service region is not valid for the bucket location constraint"
    if account == bucket.account_id and policy_of(account, arn) is None:
        return f"The destination {_WORDS[service]} does not exist"
    allowed = account != bucket.account_id or service_may(
        account, arn, service=SERVICE, source_arn=f"arn:aws:s3:::{bucket.name}", source_account=bucket.account_id
    )
    if allowed:
        return ""
    if service == "lambda":
        return f"Not authorized to invoke function [{arn}]"
    what = _WORDS[service]
    return f"Permissions on the destination {what} do not allow S3 to publish notifications from this bucket"


def _invalid_destinations(faults: list[tuple[str, str]]) -> Exception:
    """The error with each destination as an argument, as S3 was recorded to tell it."""
    told = {"Code": "InvalidArgument", "Message": "Unable to validate the following destination configurations"}
    for number, (arn, why) in enumerate(faults, 1):
        told |= {f"ArgumentName{number}": arn, f"ArgumentValue{number}": why}
    return _answered_with(400, told)


def _answered_with(status: int, told: Mapping[str, str]) -> Exception:
    from werkzeug.exceptions import HTTPException
    from werkzeug.wrappers import Response

    members = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error>{members}</Error>'
    made: Exception = HTTPException(response=Response(text, status=status, content_type="application/xml"))
    return made


def _kept(method: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the document as it was put; moto delivers by it, and knows no empty value. S3 follows later."""

    def kept(self: Any, config: dict[str, Any] | None) -> None:
        about, before = conditions(self.account_id), self.notification_configuration
        self.notification_document = config or {}
        method(self, _for_moto(config) if config else config)
        if not about.durations.notified:
            return
        after, self.notification_configuration = self.notification_configuration, before

        def follows() -> None:
            self.notification_configuration = after

        about.later(about.durations.notified, follows)

    return kept


def _for_moto(config: dict[str, Any]) -> dict[str, Any]:
    return {
        kind: [_delivered(one) for one in value] if isinstance(value, list) else value
        for kind, value in config.items()
    }


def _delivered(one: dict[str, Any]) -> dict[str, Any]:
    rules = [rule for rule in _rules(one) if rule["Value"]]
    plain = {name: value for name, value in one.items() if name != "Filter"}
    return plain | ({"Filter": {"S3Key": {"FilterRule": rules}}} if rules else {})


def _told(self: Any) -> Any:
    """Answer with all that was put: EventBridge's empty member, and names of filters with a capital."""
    from moto.core.responses import ActionResult, EmptyResult

    bucket = self.backend.get_bucket(self.bucket_name)
    document: dict[str, Any] = getattr(bucket, "notification_document", {})
    if not document:
        return self.serialized(EmptyResult())
    result: dict[str, Any] = {
        listed: [_answered(one, member, arn) for one in document.get(kind) or []]
        for kind, (member, listed, arn) in _LISTS.items()
        if document.get(kind)
    }
    if "EventBridgeConfiguration" in document:
        result["EventBridgeConfiguration"] = {}
    self.data["Action"] = "GetBucketNotificationConfiguration"
    return self.serialized(ActionResult(result))


def _answered(one: dict[str, Any], member: str, arn: str) -> Json:
    rules = [{"Name": rule["Name"].capitalize(), "Value": rule["Value"]} for rule in _rules(one)]
    made = {"Id": one["Id"], arn: one[member], "Events": list(one["Event"])}
    return made | ({"Filter": {"Key": {"FilterRules": rules}}} if rules else {})
