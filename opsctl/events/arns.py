"""What an ARN says of a resource that events pass: its kind, and what people call it."""

import re
from typing import NamedTuple

from opsctl.model.value import Json

_KINDS = {
    "s3": "bucket",
    "sns": "topic",
    "sqs": "queue",
    "lambda": "function",
    "pipes": "pipe",
    "states": "state machine",
    "kinesis": "stream",
    "firehose": "delivery stream",
    "scheduler": "schedule",
    "cloudwatch": "alarm",
    "execute-api": "API",
}


# What the last part of an ARN is for the one kind of resource that is followed here.
_WHOLE = {
    "s3": re.compile(r"[^:/]+"),
    "sns": re.compile(r"[^:]+"),
    "sqs": re.compile(r"[^:]+"),
    "lambda": re.compile(r"function:[^:]+(?::[^:]+)?"),
    "pipes": re.compile(r"pipe/[^/]+"),
    "scheduler": re.compile(r"schedule/[^/]+/[^/]+"),
    "cloudwatch": re.compile(r"alarm:.+"),
}
_A_CUSTOM_BUS = re.compile(r"[\w.-]+/[a-z0-9]{25}")
_AN_API = re.compile(r"/(restapis|apis)/([^/]+)")


class ArnParts(NamedTuple):
    """The parts of an ARN that tell what it is of."""

    kind: str
    name: str
    region: str
    account: str


def named(arn: str) -> ArnParts:
    """Return what an ARN is of; what is no ARN is an address outside AWS.

    Formats: the Service Authorization Reference, "Resource types" of each service.
    """
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return ArnParts("endpoint", endpoint_shown(arn), "", "")
    _, _, service, region, account, rest = parts
    if service == "events":
        return _of_eventbridge(rest, region, account)
    if service == "scheduler" and rest.startswith("aws-sdk:"):
        return ArnParts("API call", rest.removeprefix("aws-sdk:"), region, account)
    if service == "apigateway" and (found := _AN_API.fullmatch(rest)):
        return ArnParts("REST API" if found[1] == "restapis" else "HTTP API", found[2], region, account)
    if service == "logs":
        return ArnParts("log group", rest.removeprefix("log-group:").removesuffix(":*"), region, account)
    kind = _KINDS.get(service, service)
    if service in _WHOLE and not _WHOLE[service].fullmatch(rest):
        return ArnParts(service, rest, region, account)
    name = rest.removeprefix("function:").removeprefix("stateMachine:").removeprefix("alarm:")
    if service in ("pipes", "kinesis", "firehose", "scheduler"):
        name = rest.partition("/")[2]
    return ArnParts(kind, name, region, account)


def _of_eventbridge(rest: str, region: str, account: str) -> ArnParts:
    """What a part behind `events` is of; the target of an archive's own rule is `arn:aws:events:REGION:::`."""
    what, _, name = rest.partition("/")
    kinds = {
        "event-bus": "event bus",
        "event-busv2": "custom event bus",
        "rule": "rule",
        "api-destination": "API destination",
        "archive": "archive",
    }
    if not rest.strip(":"):
        return ArnParts("EventBridge", "archives", region, account)
    if not name or (what == "event-busv2" and not _A_CUSTOM_BUS.fullmatch(name)):
        return ArnParts("events", rest, region, account)
    if what in ("event-busv2", "api-destination"):
        name = name.partition("/")[0]
    return ArnParts(kinds.get(what, what), name, region, account)


def endpoint_shown(endpoint: str) -> str:
    """Return what may be shown of an address outside AWS: it may carry credentials and tokens."""
    if "://" not in endpoint:
        return endpoint
    scheme, _, rest = endpoint.partition("://")
    return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2].partition('?')[0]}"


def bucket_arn(name: str, partition: str) -> str:
    """Return the ARN of a bucket, which tells neither region nor account."""
    return f"arn:{partition}:s3:::{name}"


def bucket_region(location: Json) -> str:
    """The region that GetBucketLocation tells: the first has no name, and Ireland once had another (S3 API)."""
    told = str((location or {}).get("LocationConstraint") or "us-east-1")
    return "eu-west-1" if told == "EU" else told


def rule_arn(bus: str, name: str, *, partition: str, region: str, account: str) -> str:
    """Return the ARN of a rule: `rule/NAME` on the default bus, `rule/BUS/NAME` elsewhere (recorded answers)."""
    place = name if bus == "default" else f"{bus}/{name}"
    return f"arn:{partition}:events:{region}:{account}:rule/{place}"


def bus_and_rule(arn: str) -> tuple[str, str]:
    """Return the bus and the name in the ARN of a rule."""
    bus, _, name = arn.rpartition(":rule/")[2].rpartition("/")
    return bus or "default", name
