"""Repeats a schedule's call of an API that hands no message on, such as the stop of an instance.

A letter is written by whoever may send to the queue, and such a call may do anything. So the plan names schedule
and API before it is approved, and the letter's request has to be the one that the schedule itself makes: with
such a letter nothing can be done that the schedule does not do anyway. Source: Scheduler guide, "Using universal
targets" and "Adding context attributes".
"""

import re
from collections.abc import Callable, Iterator, Sequence

from opsctl.dlq.route import Route
from opsctl.dlq.subscribers import INTO_ITSELF
from opsctl.dlq.transfer.call_sending import DeliveryCall
from opsctl.model.jobs import MakeRequest
from opsctl.model.value import Json, json_object
from opsctl.resources.sdk_services import called_by, universal_api

_ATTRIBUTES = {
    "<aws.scheduler.schedule-arn>": r"arn:[\w:/.-]+",
    "<aws.scheduler.scheduled-time>": r"\d[\dTZ:.+-]*",
    "<aws.scheduler.execution-id>": r"[\w-]+",
    "<aws.scheduler.attempt-number>": r"\d+",
}
_ATTRIBUTE = re.compile("|".join(map(re.escape, _ATTRIBUTES)))
_IN_PART = re.compile(r"(failed|failure|unprocessed|unsuccessful|rejected|errors?$)", re.IGNORECASE)


def planned_route(routes: Sequence[Route], schedule: str, target: str, api: str) -> Route:
    """Return the plan's route for a schedule and its universal target.

    A letter may leave the schedule's group out.

    Raises:
        ValueError: the plan has none, or several.
    """
    found = [
        one
        for one in routes
        if (one.kind, one.arn) == ("call", target) and schedule in (one.rule, _without_group(one.rule))
    ]
    if len(found) != 1:
        raise ValueError(
            f"its schedule makes the call {api}, and the plan names no such schedule of this queue: it was "
            "deleted or changed; the body has the call's parameters"
        )
    return found[0]


def repeated_call(
    route: Route, own: str, request: MakeRequest, is_own_queue: Callable[[str], bool]
) -> Callable[[Json], DeliveryCall]:
    """Return what makes the call in a letter; `own` is the input with which the schedule makes it now.

    Raises:
        ValueError: the schedule's input is no request, or its call is not one that is made again.
    """
    client, operation = called_by(universal_api(route.arn))
    made_by_schedule = json_object(own)
    if made_by_schedule is None:
        raise ValueError("the input of its schedule is not a request")

    def call(message: Json) -> DeliveryCall:
        told = json_object(message["Body"] or "{}")
        if told is None or not _alike(made_by_schedule, told):
            raise ValueError(
                f"its request of {route.name} is not the one that its schedule makes now. opsctl makes no other, "
                "because whoever may send to the queue could have written it"
            )
        if any(is_own_queue(text) for text in _texts(told)):
            raise ValueError(INTO_ITSELF)
        exact, params = request(client, operation, told, message["MessageId"])
        return DeliveryCall(service=client, operation=exact, params=params, once=True)

    return call


def partly_done(answer: Json) -> tuple[str, str] | None:
    """Return code and reason when an answer says that a part of the call was not done."""
    members = answer if isinstance(answer, dict) else {}
    failed = sorted(name for name, value in members.items() if _IN_PART.match(name) and value)
    return ("DoneInPart", f"the answer has {', '.join(failed)}; the rest is done") if failed else None


def _without_group(schedule: str) -> str:
    home, _, path = schedule.partition(":schedule/")
    return f"{home}:schedule/{path.rpartition('/')[2]}"


def _alike(own: Json, told: Json) -> bool:
    """Whether two requests are the same, but for capital letters in names and the attributes of one execution."""
    if isinstance(own, dict) and isinstance(told, dict):
        ours, theirs = _by_name(own), _by_name(told)
        return ours.keys() == theirs.keys() and all(_alike(ours[name], theirs[name]) for name in ours)
    if isinstance(own, list) and isinstance(told, list):
        return len(own) == len(told) and all(map(_alike, own, told))
    if isinstance(own, str) and isinstance(told, str):
        return own == told or _filled(own).fullmatch(told) is not None
    return type(own) is type(told) and own == told


def _by_name(members: dict[str, Json]) -> dict[str, Json]:
    lower = {name.lower(): value for name, value in members.items()}
    return lower if len(lower) == len(members) else members


def _filled(text: str) -> re.Pattern[str]:
    """What a text of a schedule's input may become when its attributes are filled in."""
    parts, at = [], 0
    for match in _ATTRIBUTE.finditer(text):
        parts += [re.escape(text[at : match.start()]), _ATTRIBUTES[match[0]]]
        at = match.end()
    return re.compile("".join([*parts, re.escape(text[at:])]))


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
