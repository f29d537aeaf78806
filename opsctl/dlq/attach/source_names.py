"""How a person names what can fail: a queue, a function, a subscription, a rule's target, a schedule."""

import re
from typing import Literal, NoReturn

from opsctl.model.errors import InvalidInput
from opsctl.model.run import Context
from opsctl.model.value import Value

SourceKind = Literal["queue", "function", "subscription", "target", "schedule"]

FORMS = (
    "a queue's name, URL or ARN; function:NAME; a subscription's ARN; rule:[BUS/]NAME[#TARGET]; "
    "schedule:[GROUP/]NAME; or an ARN"
)
_NAMES = {
    "function": re.compile(r"[A-Za-z0-9_-]{1,140}"),
    "target": re.compile(r"[.A-Za-z0-9_-]{1,64}"),
    "schedule": re.compile(r"[.A-Za-z0-9_-]{1,64}"),
}
_PLACES = re.compile(r"[/.A-Za-z0-9_-]{1,256}")
_TARGET_ID = re.compile(r"[.A-Za-z0-9_-]{1,64}")


class SourceName(Value):
    """What a person named. `place` is the bus of a rule or the group of a schedule, `item` the target's id."""

    kind: SourceKind
    name: str
    place: str = ""
    item: str = ""


def parse_source(asked: str, about: Context, *, source: str) -> SourceName:
    """Understand how a source is named; `source` is the flag or input it came from.

    Raises:
        InvalidInput: it is none, or belongs to another account or region.
    """
    if asked.startswith("arn:"):
        return _from_arn(asked, about, source)
    prefix, colon, rest = asked.partition(":")
    if not colon or prefix in ("http", "https"):
        return SourceName(kind="queue", name=asked)
    if prefix == "function":
        return _named("function", rest, "", "", asked, source)
    if prefix == "rule":
        return _rule(rest, asked, source)
    if prefix == "schedule":
        group, _, name = rest.rpartition("/")
        return _named("schedule", name, group or "default", "", asked, source)
    return _refuse(f"{asked!r} is not a queue, function, subscription, rule target or schedule", source)


def _from_arn(asked: str, about: Context, source: str) -> SourceName:
    parts = asked.split(":", 5)
    if len(parts) != 6:
        _refuse(f"{asked!r} is not an ARN", source)
    _, partition, service, region, account, resource = parts
    if service == "sqs":
        return SourceName(kind="queue", name=asked)
    if service not in ("lambda", "sns", "events", "scheduler"):
        _refuse(f"{asked!r} is not a queue, function, subscription, rule target or schedule", source)
    if partition != about.identity.partition or account != about.account:
        raise InvalidInput.one(
            f"{asked} belongs to account {account} ({partition}), the credentials to {about.account}",
            source=source,
            hint="use --profile or --role-arn of that account",
        )
    if region != about.region:
        raise InvalidInput.one(
            f"{asked} is in {region}, this run in {about.region}", source=source, hint=f"--region {region}"
        )
    return _from_resource(service, resource, asked, about, source)


def _from_resource(service: str, resource: str, asked: str, about: Context, source: str) -> SourceName:
    if service == "lambda" and resource.startswith("function:"):
        name, _, qualifier = resource.removeprefix("function:").partition(":")
        if qualifier not in ("", "$LATEST"):
            raise InvalidInput.one(
                f"{asked} is a version or alias, which has no dead-letter queue of its own",
                source=source,
                hint=f"function:{name}",
            )
        return _named("function", name, "", "", asked, source)
    if service == "sns":
        if ":" not in resource:
            listed = about.commands.aws("sns", "list-subscriptions-by-topic", "--topic-arn", asked)
            raise InvalidInput.one(
                f"{asked} is a topic; its subscriptions have dead-letter queues, one each",
                source=source,
                hint=f"{listed} lists their ARNs",
            )
        return SourceName(kind="subscription", name=asked)
    if service == "events" and resource.startswith("rule/"):
        return _rule(resource.removeprefix("rule/"), asked, source)
    if service == "scheduler" and resource.startswith("schedule/"):
        group, _, name = resource.removeprefix("schedule/").partition("/")
        return _named("schedule", name, group, "", asked, source)
    return _refuse(f"{asked!r} is not a queue, function, subscription, rule target or schedule", source)


def _rule(text: str, asked: str, source: str) -> SourceName:
    path, _, item = text.partition("#")
    bus, _, name = path.rpartition("/")
    return _named("target", name, bus or "default", item, asked, source)


def _named(kind: SourceKind, name: str, place: str, item: str, asked: str, source: str) -> SourceName:
    right = _NAMES[kind].fullmatch(name) and (not place or _PLACES.fullmatch(place))
    if not right or (item and not _TARGET_ID.fullmatch(item)):
        _refuse(f"{asked!r} is not the name of a {_CALLED[kind]}", source)
    return SourceName(kind=kind, name=name, place=place, item=item)


_CALLED = {"function": "function", "target": "rule or target", "schedule": "schedule"}


def _refuse(summary: str, source: str) -> NoReturn:
    raise InvalidInput.one(summary, source=source, hint=FORMS)
