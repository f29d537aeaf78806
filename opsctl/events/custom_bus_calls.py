"""Custom event buses: a subscriber for one replay, made before it and taken away after it.

Source: the model of the EventBridge API for custom event buses (CreateSubscriber, ListSubscribers,
DeleteSubscriber): such a bus keeps its events, and a subscriber begins where it says, without effect on the
others.
"""

from opsctl.model.changes import Change, Check, Grant, Instruction, Irreversible, Proof, Query, Risk, Severity
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.value import Json, Value
from opsctl.resources.marks import with_mark

ATTEMPTS, AGE_S = 185, 86_400
"""The most that a RetryPolicy takes; left alone it gives up after 5 attempts in 300 s."""
_OWN = Irreversible(because="it was there for this replay alone", only_reads=True)


class ReplaySubscriber(Value):
    """A subscriber by its name, its bus, and what it sends where, by which role; times as AWS takes them."""

    bus_arn: str
    name: str
    queue: str
    role: str
    start: str
    end: str

    @property
    def listed(self) -> Read:
        """Read the subscribers of the bus."""
        return Read(service="eventbridgev2", operation="ListSubscribers", params={"EventBusArn": self.bus_arn})

    @property
    def arn(self) -> Query:
        """Its ARN."""
        return Query(read=self.listed, query=f"Subscribers[?Name=='{self.name}'].SubscriberArn | [0]")

    def made(self, plan_id: str, *, why: str) -> Change:
        """Plan the subscriber; undo deletes it."""
        return Change(
            kind="call",
            service="eventbridgev2",
            operation="CreateSubscriber",
            params=self._params(plan_id),
            # Service Authorization Reference: CreateSubscriber needs it, for events.amazonaws.com.
            grants=(Grant(service="iam", operation="PassRole", params={"RoleArn": self.role}),),
            id="subscriber",
            title=f"Replay {self.start} to {self.end} into queue {self.queue.rpartition(':')[2]}",
            why=why,
            expect=(self._is(there=False),),
            proof=Proof(configured=(self._is(there=True),), within_s=60),
            undo=self._delete(),
            lasting="what was sent already stays sent",
            undo_risk=Risk(note="It stops what is left; what was sent already stays sent."),
            risk=Risk(
                severity=Severity.MEDIUM,
                affects=(self.queue.rpartition(":")[2],),
                note="The queue gets every event of that time, those that it had already too.",
            ),
            outputs={"arn": self.arn},
        )

    def taken_away(self, *, after: str) -> Change:
        """Plan its removal once the replay is over."""
        return Change(
            **dict(self._delete()),
            id="subscriber-away",
            title=f"Delete subscriber {self.name}",
            why="It was there for this replay alone.",
            expect=(self._is(there=True),),
            proof=Proof(configured=(self._is(there=False),), within_s=60),
            undo=_OWN,
            depends_on=(after,),
        )

    def _params(self, plan_id: str) -> dict[str, Json]:
        return {
            "Name": self.name,
            "EventBusArn": self.bus_arn,
            "InvokeConfiguration": {"RoleArn": self.role, "TargetArn": self.queue},
            "StartingPosition": "POINT_IN_TIME",
            "PointInTimeConfiguration": {
                "PointType": "TIMESTAMP",
                "StartingPoint": self.start,
                "EndPoint": self.end,
            },
            "RetryPolicy": {"MaxRetryAttempts": ATTEMPTS, "MaxEventAgeInSeconds": AGE_S},
            "State": "RUNNING",
            "Tags": with_mark(plan_id, {}),
            "ClientToken": plan_id,
        }

    def _delete(self) -> Instruction:
        params = {"SubscriberArn": reference("subscriber", "arn")}
        return Instruction(kind="call", service="eventbridgev2", operation="DeleteSubscriber", params=params)

    def _is(self, *, there: bool) -> Check:
        return Check(
            read=self.listed,
            query=self.arn.query,
            op="present" if there else "empty",
            says=f"the bus {'has' if there else 'has no'} subscriber {self.name}",
        )
