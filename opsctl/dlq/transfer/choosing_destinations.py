"""Finds each dead letter's destination: by the routes of the plan, else by what the message itself records."""

import threading
from collections.abc import Callable, Sequence

from opsctl.dlq.dead_letter import DeadLetter, dead_letter_of, opened
from opsctl.dlq.delivery import entry_for_bus, payload_for_function
from opsctl.dlq.route import Route
from opsctl.dlq.subscribers import INTO_ITSELF, is_queue, subscriber
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.call_sending import CallSending, DeliveryCall
from opsctl.dlq.transfer.queue_sending import QueueSending
from opsctl.dlq.transfer.schedule_calls import partly_done, planned_route, repeated_call
from opsctl.dlq.transfer.scheduled import APIS, carried_input, carried_request, request_call
from opsctl.dlq.transfer.sending import Alive, InParts, Sent
from opsctl.dlq.transfer.shards import ShardSending
from opsctl.dlq.transfer.targets import invocation, target_call
from opsctl.model.jobs import Tools, Wire
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.event_inputs import input_for_target
from opsctl.resources.queue_facts import place_of_url, queue_url
from opsctl.resources.sdk_services import universal_api

_SILENT = "it does not say where it came from; choose a destination with --to"
_NO_FAILURE = (
    "a subscription delivered it to this queue, so nothing failed that could be repeated; choose a destination "
    "with --to"
)


class Opened:
    """Implements `InParts` for what arrives in SNS envelopes: what they carry is sent."""

    def __init__(self, sending: InParts) -> None:
        self._sending = sending

    @property
    def closed(self) -> str:
        """Why nothing more can be delivered, or nothing."""
        return self._sending.closed

    @property
    def repeats_s(self) -> float:
        """As the destination does."""
        return self._sending.repeats_s

    def parts(self, messages: list[Json]) -> list[list[Json]]:
        """As the destination does."""
        return self._sending.parts(messages)

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Open the envelopes; ids and receipt handles stay those of the dead letters."""
        return self._sending.send([opened(message) for message in messages], alive)


class Destinations:
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
        queue_url: str,
        recorded: bool,
        onto_bus: bool,
    ) -> None:
        """`queue_url` is the dead-letter queue's: nothing is ever sent into it."""
        self._all = tuple(routes)
        self._to = routes[0] if routes and not recorded else None
        self._own = {
            "region": region,
            "account": tools.aws.identity.account,
            "name": queue_url.rstrip("/").rpartition("/")[2],
        }
        self._by_origin = {route.origin: route for route in routes if route.kind in ("queue", "function")}
        self._tools = tools
        self._region = region
        self._wire = wire
        self._patience = patience
        self._onto_bus = onto_bus
        self._lock = threading.Lock()
        self._made: dict[str, InParts] = {}
        self._refused: dict[str, str] = {}
        self._opened: dict[int, Opened] = {}
        self._told: dict[str, dict[str, Json]] = {}
        self._into_itself: dict[str, bool] = {}

    def fixed(self) -> list[InParts]:
        """Every destination, when all are known beforehand."""
        return [] if self._to is None else [self._of_route(self._to)]

    def choose(self, message: Json) -> InParts:
        """Return the destination of a message; raises ValueError when it has none."""
        if self._to is not None and self._to.kind == "queue":
            return self._of_route(self._to)
        dead_letter = dead_letter_of(message)
        if dead_letter.kind == "sns" and self._delivered_here(dead_letter):
            return self._carried(dead_letter)
        return self._of_letter(dead_letter)

    def _carried(self, dead_letter: DeadLetter) -> InParts:
        """The destination of what an envelope carries that did not fail itself."""
        if dead_letter.inside is None:
            raise ValueError(_NO_FAILURE)
        sending = self._of_letter(dead_letter.inside)
        with self._lock:
            return self._opened.setdefault(id(sending), Opened(sending))

    def _delivered_here(self, dead_letter: DeadLetter) -> bool:
        """Whether a notification's subscription delivers into this queue, so that it is no dead letter of it."""
        if dead_letter.origin in self._by_origin or (self._to is not None and dead_letter.inside is None):
            return False
        endpoint = str(self._subscription(dead_letter)["Endpoint"])
        return is_queue(endpoint, **self._own)

    def _of_letter(self, dead_letter: DeadLetter) -> InParts:
        if dead_letter.refused:
            raise ValueError(dead_letter.refused)
        route = self._to or self._planned(dead_letter)
        return self._of_route(route) if route is not None else self._by_record(dead_letter)

    def _planned(self, dead_letter: DeadLetter) -> Route | None:
        """The plan's own route of a letter; raises ValueError when no route can be told from another."""
        if dead_letter.kind == "eventbridge":
            return None
        if dead_letter.origin in self._by_origin and dead_letter.kind != "scheduler":
            return self._by_origin[dead_letter.origin]
        if dead_letter.kind == "lambda-async":
            failing = [one for one in self._all if (one.kind, one.form) == ("function", "body")]
            return self._only(failing, "no function uses this dead-letter queue now; --to function:NAME names one")
        if dead_letter.kind in ("sqs", "plain") and dead_letter.origin:
            name = dead_letter.origin.rpartition(":")[2]
            raise ValueError(f"it came from {name}, which does not use this dead-letter queue any more")
        if dead_letter.kind == "plain":
            return self._only([one for one in self._all if one.bare], _SILENT)
        return None

    def _only(self, routes: list[Route], none: str) -> Route:
        if len(routes) != 1:
            raise ValueError(_SILENT if routes else none)
        return routes[0]

    def _by_record(self, dead_letter: DeadLetter) -> InParts:
        key = f"{dead_letter.kind} {dead_letter.origin} {dead_letter.rule}"
        with self._lock:
            if key in self._refused:
                raise ValueError(self._refused[key])
            if key not in self._made:
                try:
                    self._made[key] = self._sending_for(dead_letter)
                except ValueError as fault:
                    self._refused[key] = str(fault)
                    raise
            return self._made[key]

    def _sending_for(self, dead_letter: DeadLetter) -> InParts:
        if dead_letter.kind in ("lambda-destination", "stream"):
            self._refuse_elsewhere(dead_letter.origin)
        if dead_letter.kind == "lambda-destination":
            return self._function(dead_letter.origin, lambda message: payload_for_function(message, "payload"))
        if dead_letter.kind == "stream":
            return ShardSending(self._tools.aws, self._tools.stored, self._region, self._patience)
        if dead_letter.kind == "sns":
            return self._subscriber(dead_letter)
        if dead_letter.kind == "eventbridge":
            return self._rule_target(dead_letter)
        if dead_letter.kind == "scheduler":
            return self._schedule_target(dead_letter)
        raise ValueError(_SILENT)

    def _of_route(self, route: Route) -> InParts:
        with self._lock:
            return self._of_route_unlocked(route)

    def _make(self, route: Route) -> InParts:
        if route.kind == "queue":
            if is_queue(route.arn, **self._own):
                raise ValueError(INTO_ITSELF)
            region = route.region(self._region)
            wire = self._wire if region == self._region else self._tools.queues(region)
            return QueueSending(wire, route.url or self._url(route.arn), self._patience)
        if route.kind == "bus":
            return self._calls(
                route.arn,
                lambda message: DeliveryCall(
                    service="events",
                    operation="PutEvents",
                    params={"Entries": [entry_for_bus(message, route.arn)]},
                ),
            )
        return self._function(route.arn, lambda message: payload_for_function(message, route.form))

    def _function(self, arn: str, payload: Callable[[Json], str]) -> InParts:
        return self._calls(arn, invocation(arn, payload))

    def _refuse_elsewhere(self, function: str) -> None:
        """Invoke functions of this account only: whoever may send to the queue writes what its messages say."""
        if function.split(":")[2:6] != ["lambda", self._region, self._tools.aws.identity.account, "function"]:
            raise ValueError(
                "the function it names is not of this account and region; --to function:ARN invokes it anyway"
            )

    def _subscriber(self, dead_letter: DeadLetter) -> InParts:
        """The one subscription that failed; publishing to the topic would reach all the others again."""
        own = self._own
        try:
            told = self._read_subscription(dead_letter)
            route = subscriber(told, region=own["region"], account=own["account"], queue=own["name"])
        except ValueError as fault:
            raise ValueError(f"{fault}; choose a destination with --to") from None
        return self._of_route_unlocked(route)

    def _subscription(self, dead_letter: DeadLetter) -> dict[str, Json]:
        with self._lock:
            key = f"subscription {dead_letter.origin}"
            if key in self._refused:
                raise ValueError(self._refused[key])
            try:
                return self._read_subscription(dead_letter)
            except ValueError as fault:
                self._refused[key] = str(fault)
                raise

    def _read_subscription(self, dead_letter: DeadLetter) -> dict[str, Json]:
        if not dead_letter.origin:
            raise ValueError("the notification does not name its subscription")
        if dead_letter.origin not in self._told:
            # SNS knows a subscription in its own Region only, and a queue may subscribe to a topic of another.
            params = {"SubscriptionArn": dead_letter.origin}
            answer = self._read("sns", "GetSubscriptionAttributes", params, self._region_of(dead_letter.origin))
            self._told[dead_letter.origin] = answer["Attributes"]
        return self._told[dead_letter.origin]

    def _refuse_topic_into_itself(self, topic: str) -> None:
        """A topic may deliver to this very queue."""
        if topic not in self._into_itself:
            answer = self._read("sns", "ListSubscriptionsByTopic", {"TopicArn": topic})
            self._into_itself[topic] = any(
                is_queue(str(one.get("Endpoint", "")), **self._own) for one in answer["Subscriptions"]
            )
        if self._into_itself[topic]:
            raise ValueError(INTO_ITSELF)

    def _rule_target(self, dead_letter: DeadLetter) -> InParts:
        name = dead_letter.rule.rpartition(":rule/")[2]
        bus, _, rule = name.rpartition("/")
        if self._onto_bus:
            return self._make(Route(kind="bus", arn=bus or "default", name=bus or "default"))
        params = {"Rule": rule, **({"EventBusName": bus} if bus else {})}
        targets = self._read("events", "ListTargetsByRule", params).get("Targets") or []
        found = [target for target in targets if target["Arn"] == dead_letter.origin]
        if not found:
            raise ValueError(f"rule {rule} has no target {dead_letter.origin} any more")
        target = found[0]
        if any(_without_id(other) != _without_id(target) for other in found):
            raise ValueError(
                f"rule {rule} has {len(found)} targets {dead_letter.origin} with different settings, and the "
                "message does not say which failed; --events-to bus puts it back for all, or choose a destination "
                "with --to"
            )
        return self._target(
            dead_letter.origin, target, lambda message: input_for_target(message, target, dead_letter.rule)
        )

    def _schedule_target(self, dead_letter: DeadLetter) -> InParts:
        """What the letter carries, whatever has become of its schedule."""
        self._refuse_stranger(dead_letter.rule, "schedule")
        api = universal_api(dead_letter.origin)
        if api and api not in APIS:
            return self._schedule_call(dead_letter, api)
        if api:
            return self._calls("", request_call(dead_letter.origin, self._check, self._tools.request))
        self._refuse_stranger(dead_letter.origin, "target")
        settings = self._settings_of(dead_letter)
        made = self._target_call(dead_letter.origin, settings, carried_input(dead_letter.origin))
        return self._calls(
            dead_letter.origin,
            lambda message: (
                carried_request(message, dead_letter.origin, self._check, self._tools.request) or made(message)
            ),
        )

    def _schedule_call(self, dead_letter: DeadLetter, api: str) -> InParts:
        """A call of another API: only for a schedule that the plan names, and only as that schedule makes it."""
        route = planned_route(self._all, dead_letter.rule, dead_letter.origin, api)
        group, _, name = route.rule.rpartition(":schedule/")[2].rpartition("/")
        target = self._read("scheduler", "GetSchedule", {"Name": name, "GroupName": group})["Target"]
        if target["Arn"] != dead_letter.origin:
            raise ValueError(f"schedule {name} has another target now")
        call_of = repeated_call(route, str(target.get("Input") or "{}"), self._tools.request, self._is_own)
        return CallSending(self._tools.aws, self._region, call_of, self._patience, partly_done)

    def _is_own(self, text: str) -> bool:
        """Whether a text names the queue that is emptied."""
        place = place_of_url(text, self._region)
        return is_queue(f"arn:aws:sqs:{':'.join(place)}" if place else text, **self._own)

    def _settings_of(self, dead_letter: DeadLetter) -> dict[str, Json]:
        """Group and partition key stand in the schedule alone; other targets need nothing of it."""
        if dead_letter.origin.split(":")[2] != "kinesis" and not dead_letter.origin.endswith(".fifo"):
            return {}
        group, _, name = dead_letter.rule.rpartition(":schedule/")[2].rpartition("/")
        told = self._read("scheduler", "GetSchedule", {"Name": name, "GroupName": group or "default"})
        if told["Target"]["Arn"] != dead_letter.origin:
            raise ValueError(f"schedule {name} has another target now, and only it tells group or partition key")
        return dict(told["Target"])

    def _refuse_stranger(self, arn: str, what: str) -> None:
        """Call things of this account and Region only: whoever may send to the queue writes what a letter says."""
        if arn.split(":")[3:5] != [self._region, self._own["account"]]:
            raise ValueError(
                f"the {what} it names is not of this account and region; choose a destination with --to"
            )

    def _check(self, service: str, to: str) -> None:
        """Refuse a request that goes elsewhere, or into this very queue."""
        if service == "sqs":
            place = place_of_url(to, self._region)
            if place is None or place[:2] != (self._region, self._own["account"]):
                raise ValueError("its request goes to a queue of another account or region")
            to = f"arn:aws:sqs:{':'.join(place)}"
        elif service == "lambda" and ":function:" not in to:
            return  # the name of a function, which is one of this account and Region
        else:
            # Lambda takes `ACCOUNT:function:NAME` as well.
            whole = to if to.startswith("arn:") else f"arn:aws:lambda:{self._region}:{to}"
            self._refuse_stranger(whole, "target")
        self._refuse_itself(to)

    def _of_route_unlocked(self, route: Route) -> InParts:
        if _key(route) not in self._made:
            self._made[_key(route)] = self._make(route)
        return self._made[_key(route)]

    def _target(self, arn: str, settings: dict[str, Json], payload: Callable[[Json], str]) -> InParts:
        return self._calls(arn, self._target_call(arn, settings, payload))

    def _target_call(
        self, arn: str, settings: dict[str, Json], payload: Callable[[Json], str]
    ) -> Callable[[Json], DeliveryCall]:
        self._refuse_itself(arn)
        return target_call(arn, settings, payload, self._url)

    def _refuse_itself(self, arn: str) -> None:
        if is_queue(arn, **self._own):
            raise ValueError(INTO_ITSELF)
        if arn.split(":")[2:3] == ["sns"]:
            self._refuse_topic_into_itself(arn)

    def _url(self, arn: str) -> str:
        read = queue_url(arn)
        return str(self._read(read.service, read.operation, read.params, self._region_of(arn))["QueueUrl"])

    def _calls(self, arn: str, call_of: Callable[[Json], DeliveryCall]) -> InParts:
        return CallSending(self._tools.aws, self._region_of(arn), call_of, self._patience)

    def _region_of(self, arn: str) -> str:
        parts = arn.split(":")
        return parts[3] if len(parts) > 5 and parts[3] else self._region

    def _read(self, service: str, operation: str, params: dict[str, Json], region: str = "") -> Json:
        answer = self._tools.aws.read(
            Read(service=service, operation=operation, params=params, region=region or self._region)
        )
        if answer.refusal is not None:
            raise ValueError(f"{answer.refusal}")
        return answer.value


def _key(route: Route) -> str:
    return f"{route.kind} {route.arn} {route.form}"


def _without_id(target: Json) -> Json:
    return {name: value for name, value in target.items() if name != "Id"}
