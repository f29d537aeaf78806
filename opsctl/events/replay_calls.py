"""EventBridge: starting and cancelling a replay, and how to see what became of it.

Sources: StartReplay, DescribeReplay, CancelReplay (EventBridge API). A replay's name is not free again for months,
so that the plan's id finds a replay whose answer was lost, and no second one is started.
"""

from collections.abc import Sequence

from opsctl.events.jobs.events_replay import EventsReplay
from opsctl.model.changes import ANY_REFUSAL, Change, Check, Grant, Instruction, Irreversible, Proof, Risk
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.value import Json, Value

REFUSED = (ANY_REFUSAL, "LimitExceededException", "AccessDeniedException")
_WAITED = "waiting changes nothing"
RUNNING = """contains(`["STARTING","RUNNING"]`, State || '')"""
FAILED = """contains(`["FAILED","CANCELLED"]`, State || '')"""


class ReplayWindow(Value):
    """What is replayed: an archive of a bus, and a span of event time."""

    archive_arn: str
    bus_arn: str
    start: str
    end: str

    @property
    def bus(self) -> str:
        """The name of the bus."""
        return self.bus_arn.rpartition("event-bus/")[2]


def describe_replay(name: str) -> Read:
    """Read a replay; one that was never started is missing."""
    return Read(service="events", operation="DescribeReplay", params={"ReplayName": name})


def start_replay(
    window: ReplayWindow,
    about: Context,
    rules: Sequence[str],
    *,
    why: str,
    risk: Risk,
    after: tuple[str, ...] = (),
) -> Change:
    """Plan the start of a replay, to the rules of these ARNs or to all; undo cancels what is left of it."""
    name = about.plan_id
    destination: dict[str, Json] = {"Arn": window.bus_arn}
    if rules:
        destination["FilterArns"] = list(rules)
    read = describe_replay(name)
    return Change(
        kind="call",
        service="events",
        operation="StartReplay",
        params={
            "ReplayName": name,
            "EventSourceArn": window.archive_arn,
            "EventStartTime": window.start,
            "EventEndTime": window.end,
            "Destination": destination,
        },
        id="start",
        title=f"Replay {window.start} to {window.end} of bus {window.bus}",
        why=why,
        expect=(Check(read=read, query=RUNNING, op="equals", value=False, says=f"replay {name} is not running"),),
        proof=Proof(
            configured=(
                Check(
                    read=read,
                    query="EventSourceArn",
                    op="equals",
                    value=window.archive_arn,
                    says=f"replay {name} was started",
                ),
            ),
            within_s=60,
        ),
        undo=Instruction(kind="call", service="events", operation="CancelReplay", params={"ReplayName": name}),
        undo_leaves_it=True,
        lasting="what was sent already stays sent",
        undo_risk=Risk(note="It stops what is left; what was sent already stays sent."),
        risk=risk,
        depends_on=after,
        goes_back=REFUSED if after else (),
    )


def watch_replay(window: ReplayWindow, about: Context, rules: Sequence[str], within_s: int) -> list[Change]:
    """Plan the watch until a replay has ended, and what ends the run where it did not complete."""
    name = about.plan_id
    job = EventsReplay(
        replay=name, start=window.start, end=window.end, bus=window.bus, rules=tuple(rules), within_s=within_s
    )
    grants = (
        Grant(service="events", operation="DescribeReplay", params={"ReplayName": name}),
        Grant(service="events", operation="CancelReplay", params={"ReplayName": name}),
        Grant(service="cloudwatch", operation="GetMetricData"),
    )
    watch = Change(
        kind="job",
        service="opsctl",
        operation=job.name,
        params=job.model_dump(mode="json"),
        grants=grants,
        id="watch",
        title=f"Watch the replay of bus {window.bus}",
        why="AWS sends minute after minute of event time; how far it is stands here. Ctrl-C cancels it.",
        expect=(),
        proof=Proof(configured=()),
        undo=Irreversible(because=_WAITED, only_reads=True),
        depends_on=("start",),
    )
    return [watch, _completed(name)]


def _completed(name: str) -> Change:
    read = describe_replay(name)
    return Change(
        kind="wait",
        service="events",
        operation="DescribeReplay",
        id="completed",
        title="See that the replay is complete",
        why="One that failed or was cancelled has sent only a part.",
        expect=(
            Check(
                read=read,
                query=FAILED,
                op="equals",
                value=False,
                says=f"replay {name} neither failed nor was cancelled",
            ),
        ),
        proof=Proof(
            configured=(
                Check(read=read, query="State", op="equals", value="COMPLETED", says=f"replay {name} is complete"),
            ),
            within_s=60,
        ),
        undo=Irreversible(because=_WAITED, only_reads=True),
        depends_on=("watch",),
        goes_back=REFUSED,
    )
