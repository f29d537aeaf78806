"""What EventBridge makes of an event for a target: InputPath and InputTransformer.

Source: EventBridge guide, "Amazon EventBridge input transformation", and answers of EventBridge that were recorded
in public tests (tests/recorded/test_inputs.py says what follows from them).
"""

import re

from opsctl.model.lossless import is_number, parse, text_of
from opsctl.model.value import Json

_PLACE = re.compile(r"<([\w.-]+)>")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<number>\d+)\]|\[(?P<all>\*)\]|\[(?P<quote>['"])(?P<key>.*?)(?P=quote)\]"""
)


class Missing:
    """Stands for what a path does not find; null is something that it found."""


MISSING = Missing()


def value_at(event: Json, path: str) -> Json:
    """Follow a JSONPath of the kind EventBridge takes; MISSING when it finds nothing, a list with a wildcard.

    `$`, `$.detail.name`, `$.resources[0]`, `$['detail-type']`, `$.detail.items[*].id`, `$.detail.*`.
    """
    return _follow(event, [_step(match) for match in _STEP.finditer(path.removeprefix("$"))])


def transformed(event: dict[str, Json], settings: dict[str, Json], rule_arn: str) -> str:
    """Return what an InputTransformer makes of an event that `lossless.parse` read.

    Raises:
        ValueError: EventBridge makes nothing of it that it would deliver.
    """
    known = {name: value_at(event, path) for name, path in (settings.get("InputPathsMap") or {}).items()}
    known |= _predefined(event, rule_arn)
    template = str(settings["InputTemplate"])
    is_json = template.lstrip().startswith(("{", "["))
    texts = [match.span() for match in _TEXT.finditer(template)] if is_json else []

    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            return match[0]
        found = "" if known[match[1]] is MISSING else known[match[1]]
        if not is_json:
            return in_words(found)
        if not any(start < match.start() < end for start, end in texts):
            return text_of(found)
        if isinstance(found, dict | list):
            raise ValueError(
                f"the input template puts {match[0]}, which is no text here, between quotes: EventBridge delivers "
                "nothing then"
            )
        return _quoted(found)

    return _PLACE.sub(value, template)


def _predefined(event: dict[str, Json], rule_arn: str) -> dict[str, Json]:
    bare = {name: value for name, value in event.items() if name not in ("detail", "detail-type")}
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event.get("time", ""),
        "aws.events.event": {**bare, "detailType": event.get("detail-type", "")},
        "aws.events.event.json": event,
    }


def in_words(value: Json) -> str:
    """A value in a template that is text: objects and lists lose all their quotes."""
    if isinstance(value, str) and not is_number(value):
        return value
    return text_of(value).replace('"', "")


def _quoted(value: Json) -> str:
    """A value between the quotes of a JSON template."""
    plain = value if isinstance(value, str) and not is_number(value) else text_of(value)
    return text_of(plain)[1:-1]


def _step(match: re.Match[str]) -> str | int:
    if match["number"] is not None:
        return int(match["number"])
    return str(match["all"] or match["key"] or match["name"])


def _follow(found: Json, steps: list[str | int]) -> Json:
    for at, step in enumerate(steps):
        if step == "*":
            members = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
            each = [_follow(one, steps[at + 1 :]) for one in members]
            return [one for one in each if one is not MISSING]
        if isinstance(step, int):
            if not isinstance(found, list) or step >= len(found):
                return MISSING
        elif not isinstance(found, dict) or step not in found:
            return MISSING
        found = found[step]
    return found


def input_for_target(message: Json, target: dict[str, Json], rule_arn: str) -> str:
    """Return what a rule's target gets of an event, after the target's own input settings.

    Source: EventBridge API reference, Target and InputTransformer.

    Raises:
        ValueError: the body is not an event, or the settings cannot be followed.
    """
    event = event_of(message["Body"])
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = value_at(event, str(target["InputPath"]))
        if found is MISSING:
            raise ValueError(f"the target's input path {target['InputPath']} finds nothing in this event")
        return text_of(found)
    if "InputTransformer" in target:
        return transformed(event, target["InputTransformer"], rule_arn)
    return str(message["Body"])


def event_of(body: str) -> dict[str, Json]:
    """Return the event that a text is.

    Raises:
        ValueError: it is none.
    """
    try:
        event = parse(body)
    except ValueError:
        raise ValueError("the body is not JSON, so it is no event") from None
    if not isinstance(event, dict):
        raise ValueError("the body is not an event")
    return event
