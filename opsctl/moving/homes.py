"""Finds each dead letter's home: by the routes of the plan, else by what the message itself records."""

import json
import threading
from collections.abc import Callable, Sequence

from opsctl.deadletters.delivery import (
    entry_for_bus,
    input_for_target,
    input_of_schedule,
    notification_event,
    payload_for_function,
)
from opsctl.deadletters.letter import Letter, letter_of
from opsctl.deadletters.route import Route
from opsctl.model.jobs import Tools, Wire
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.moving.backoff import Patience
from opsctl.moving.call_sending import Call, CallSending
from opsctl.moving.queue_sending import QueueSending
from opsctl.moving.sending import Sending
from opsctl.moving.shards import ShardSending
from opsctl.moving.targets import invocation, target_call

_SILENT = "it does not say where it came from; --to names a destination"


class Homes:
    """Chooses and keeps one `Sending` for each destination; used by several threads.

    With `recorded`, a message that names its function, subscription, rule target or schedule goes there; with
    `onto_bus`, EventBridge's dead letters go back on their bus instead of to the target that failed.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        tools: Tools,
        region: str,
        wire: Wire,
        patience: Patience,
        *,
        recorded: bool,
        onto_bus: bool,
    ) -> None:
        self._all = tuple(routes)
        self._to = routes[0] if routes and not recorded else None
        self._by_origin = {route.origin: route for route in routes if route.kind in ("queue", "function")}
        self._tools = tools
        self._region = region
        self._wire = wire
        self._patience = patience
        self._onto_bus = onto_bus
        self._lock = threading.Lock()
        self._made: dict[str, Sending] = {}
        self._refused: dict[str, str] = {}

    def fixed(self) -> list[Sending]:
        """Every destination, when all are known beforehand."""
        return [] if self._to is None else [self._of_route(self._to)]

    def choose(self, message: Json) -> Sending:
        """Return the destination of a message; raises ValueError when it has none."""
        if self._to is not None and self._to.kind == "queue":
            return self._of_route(self._to)
        letter = letter_of(message)
        if letter.refused:
            raise ValueError(letter.refused)
        route = self._to or self._planned(letter)
        return self._of_route(route) if route is not None else self._by_record(letter)

    def _planned(self, letter: Letter) -> Route | None:
        """The plan's own route of a letter; raises ValueError when no route can be told from another."""
        if letter.kind == "eventbridge":
            return None
        if letter.origin in self._by_origin and letter.kind != "scheduler":
            return self._by_origin[letter.origin]
        if letter.kind == "lambda-async":
            failing = [one for one in self._all if (one.kind, one.form) == ("function", "body")]
            return self._only(failing, "no function fails into this queue now; --to function:NAME names one")
        if letter.kind in ("sqs", "plain") and letter.origin:
            name = letter.origin.rpartition(":")[2]
            raise ValueError(f"it came from {name}, which does not use this queue any more")
        if letter.kind == "plain":
            return self._only([one for one in self._all if one.bare], _SILENT)
        return None

    def _only(self, routes: list[Route], none: str) -> Route:
        if len(routes) != 1:
            raise ValueError(_SILENT if routes else none)
        return routes[0]

    def _by_record(self, letter: Letter) -> Sending:
        key = f"{letter.kind} {letter.origin} {letter.rule}"
        with self._lock:
            if key in self._refused:
                raise ValueError(self._refused[key])
            if key not in self._made:
                try:
                    self._made[key] = self._sending_for(letter)
                except ValueError as fault:
                    self._refused[key] = str(fault)
                    raise
            return self._made[key]

    def _sending_for(self, letter: Letter) -> Sending:
        if letter.kind in ("lambda-destination", "stream"):
            self._refuse_elsewhere(letter.origin)
        if letter.kind == "lambda-destination":
            return self._function(letter.origin, lambda message: payload_for_function(message, "payload"))
        if letter.kind == "stream":
            return ShardSending(self._tools.aws, self._region, self._patience)
        if letter.kind == "sns":
            return self._subscriber(letter)
        if letter.kind == "eventbridge":
            return self._rule_target(letter)
        if letter.kind == "scheduler":
            return self._schedule_target(letter)
        raise ValueError(_SILENT)

    def _of_route(self, route: Route) -> Sending:
        with self._lock:
            key = f"{route.kind} {route.arn}"
            if key not in self._made:
                self._made[key] = self._make(route)
            return self._made[key]

    def _make(self, route: Route) -> Sending:
        if route.kind == "queue":
            return QueueSending(self._wire, route.url, self._patience)
        if route.kind == "bus":
            return self._calls(
                lambda message: Call(
                    service="events",
                    operation="PutEvents",
                    params={"Entries": [entry_for_bus(message, route.arn)]},
                )
            )
        return self._function(route.arn, lambda message: payload_for_function(message, route.form))

    def _function(self, arn: str, payload: Callable[[Json], str]) -> Sending:
        return self._calls(invocation(arn, payload))

    def _refuse_elsewhere(self, function: str) -> None:
        """Invoke functions of this account only: whoever may send to the queue writes what its messages say."""
        if function.split(":")[2:6] != ["lambda", self._region, self._tools.aws.identity.account, "function"]:
            raise ValueError(
                "the function it names is not of this account and region; --to function:ARN invokes it anyway"
            )

    def _subscriber(self, letter: Letter) -> Sending:
        """The one subscription that failed; publishing to the topic would reach all the others again."""
        if not letter.origin:
            raise ValueError("the notification does not name its subscription; --to names a destination")
        told = self._read("sns", "GetSubscriptionAttributes", {"SubscriptionArn": letter.origin})["Attributes"]
        endpoint, protocol = str(told["Endpoint"]), str(told["Protocol"])
        if protocol == "sqs":
            return self._queue(endpoint)
        if protocol == "lambda":
            return self._function(endpoint, lambda message: notification_event(json.loads(message["Body"])))
        raise ValueError(
            f"the subscription delivers by {protocol}, with a signature only SNS can make; "
            "publish to the topic yourself, or name a destination with --to"
        )

    def _rule_target(self, letter: Letter) -> Sending:
        name = letter.rule.rpartition(":rule/")[2]
        bus, _, rule = name.rpartition("/")
        if self._onto_bus:
            return self._make(Route(kind="bus", arn=bus or "default", name=bus or "default"))
        params = {"Rule": rule, **({"EventBusName": bus} if bus else {})}
        targets = self._read("events", "ListTargetsByRule", params).get("Targets") or []
        found = [target for target in targets if target["Arn"] == letter.origin]
        if not found:
            raise ValueError(f"rule {rule} has no target {letter.origin} any more")
        target = found[0]
        if any(_without_id(other) != _without_id(target) for other in found):
            raise ValueError(
                f"rule {rule} has {len(found)} targets {letter.origin} with different settings, and the "
                "message does not say which failed; --events-to bus puts it back for all, --to names a destination"
            )
        made = target_call(
            letter.origin, target, lambda message: input_for_target(message, target, letter.rule), self._url
        )
        return self._calls(made)

    def _schedule_target(self, letter: Letter) -> Sending:
        group, _, name = letter.rule.rpartition(":schedule/")[2].rpartition("/")
        schedule = self._read("scheduler", "GetSchedule", {"Name": name, "GroupName": group or "default"})
        target = schedule["Target"]
        arn = str(target["Arn"])
        return self._calls(
            target_call(arn, target, lambda message: input_of_schedule(message, target, name), self._url)
        )

    def _queue(self, arn: str) -> Sending:
        return self._of_route_unlocked(
            Route(kind="queue", arn=arn, url=self._url(arn), name=arn.rpartition(":")[2])
        )

    def _of_route_unlocked(self, route: Route) -> Sending:
        return self._made.setdefault(f"{route.kind} {route.arn}", self._make(route))

    def _url(self, arn: str) -> str:
        _, _, _, _, account, name = arn.split(":")
        params = {"QueueName": name, "QueueOwnerAWSAccountId": account}
        return str(self._read("sqs", "GetQueueUrl", params)["QueueUrl"])

    def _calls(self, call_of: Callable[[Json], Call]) -> Sending:
        return CallSending(self._tools.aws, self._region, call_of, self._patience)

    def _read(self, service: str, operation: str, params: dict[str, Json]) -> Json:
        answer = self._tools.aws.read(
            Read(service=service, operation=operation, params=params, region=self._region)
        )
        if answer.refusal is not None:
            raise ValueError(f"{answer.refusal}")
        return answer.value


def _without_id(target: Json) -> Json:
    return {name: value for name, value in target.items() if name != "Id"}
