"""Reads whether a custom event bus keeps the events of a span of time, and whether they can go into a queue."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.archives import moment, seconds_of
from opsctl.events.role_permissions import RoleQuestion, ask_roles
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.policy_simulation import Verdict
from opsctl.resources.queue_facts import QueueFacts, find_queue


class CustomBusReplay(Value):
    """What a replay of a custom event bus into a queue comes to.

    `not_kept` says why the bus has not all of it, `not_active` why it cannot be subscribed to now, `queue_refused`
    and `role_refused` why nothing would arrive, `role_unknown` what could not be told. `rows` are its subscribers.
    """

    bus: str
    bus_arn: str
    start: str
    end: str
    role: str
    queue: QueueFacts
    not_kept: tuple[str, ...] = ()
    not_active: tuple[str, ...] = ()
    queue_refused: tuple[str, ...] = ()
    role_refused: tuple[str, ...] = ()
    role_unknown: tuple[str, ...] = ()
    rows: tuple[dict[str, Json], ...] = ()


class EventsCustomBusReplayFact(Fact):
    """Read a custom event bus with its subscribers, a queue, and what a role may do there."""

    name: ClassVar[str] = "events.custom_bus_replay"
    Result: ClassVar[type[Value]] = CustomBusReplay
    services: ClassVar[tuple[str, ...]] = ("eventbridgev2",)

    bus: str = Field(description="ARN of the custom event bus.")
    start: str = Field(description="First moment, with time and zone; by the time of publishing.")
    end: str = Field(description="Last moment, with time and zone.")
    into: str = Field(description="Name, URL or ARN of the one queue that gets the events.")
    role: str = Field(description="Name or ARN of the role with which EventBridge sends to the queue.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the bus and who is subscribed, then the queue, then what IAM says of the role."""
        start, end = seconds_of(self.start, "start"), seconds_of(self.end, "end")
        if start >= end:
            raise InvalidInput.one(f"the time ends at {moment(end)} and begins at {moment(start)}", source="end")
        if end > about.now:
            raise InvalidInput.one(f"the time ends at {moment(end)}, which is yet to come", source="end")
        arn, role = self._bus(about), self._role(about)
        params = {"EventBusArn": arn}
        told, listed = yield [
            Read(service="eventbridgev2", operation="DescribeEventBus", params=params),
            Read(service="eventbridgev2", operation="ListSubscribers", params=params),
        ]
        bus = _value(told, arn)
        queue = yield from find_queue(self.into, about, source="into")
        asked = RoleQuestion(role, "sqs:SendMessage", queue.arn)
        may = (yield from ask_roles([asked], about)).verdict(asked)
        state = str(bus.get("State") or "")
        return CustomBusReplay(
            bus=str(bus.get("Name", "")),
            bus_arn=arn,
            start=moment(start),
            end=moment(end),
            role=role,
            queue=queue,
            not_kept=_not_kept(bus, start),
            not_active=(f"its state is {state}",) if state not in ("ACTIVE", "UPDATE_FAILED") else (),
            queue_refused=(f"{queue.name} is a FIFO queue, and needs a message group of its own",)
            if queue.fifo
            else (),
            role_refused=(_of_role(role, may.why),) if may.verdict is Verdict.DENIED else (),
            role_unknown=(_of_role(role, may.why),) if may.verdict is Verdict.UNKNOWN else (),
            rows=tuple(
                {"subscriber": str(one["Name"]), "gets": "no", "target": str(one.get("TargetArn", ""))}
                for one in _value(listed, arn).get("Subscribers") or []
            ),
        )

    def _bus(self, about: Context) -> str:
        parts = self.bus.split(":", 5)
        if (
            len(parts) < 6
            or parts[2:5] != ["events", about.region, about.account]
            or "event-busv2/" not in parts[5]
        ):
            raise InvalidInput.one(f"{self.bus} is no custom event bus of this account and region", source="bus")
        return self.bus

    def _role(self, about: Context) -> str:
        if not self.role:
            raise InvalidInput.one(
                "a custom event bus sends by a role",
                source="role",
                hint="--role, with one that may send to the queue",
            )
        if self.role.startswith("arn:"):
            return self.role
        return f"arn:{about.identity.partition}:iam::{about.account}:role/{self.role}"


def _value(answer: Answer, arn: str) -> Json:
    if answer.refusal is None:
        return answer.value
    if answer.refusal.kind is RefusalKind.MISSING:
        raise InvalidInput.one(f"there is no custom event bus {arn}", source="bus")
    raise FactUnknown(answer.refusal)


def _not_kept(bus: Json, start: float) -> tuple[str, ...]:
    told = (bus.get("StorageConfiguration") or {}).get("RetentionWindowStartTime")
    if told is None:
        return (f"bus {bus.get('Name', '')} does not say from when on it has events",)
    begun = seconds_of(str(told), "bus") if not isinstance(told, (int, float)) else float(told)
    if start < begun:
        return (f"bus {bus.get('Name', '')} has events from {moment(begun)} on, not from {moment(start)}",)
    return ()


def _of_role(role: str, why: str) -> str:
    """What is said of a role, which IAM's own answer may name already."""
    name = f"role {role.rpartition('/')[2]}"
    return why if why.startswith(name) else f"{name}: {why}"
