"""The conditions in an account of the sandbox: its time, how long things take, and what goes wrong."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from opsctl.model.value import Json
from opsctl.sandbox.engine.clock import HandClock, MachineClock, Ticking, Timeline
from opsctl.sandbox.engine.traffic_records import Sample

Deliver: TypeAlias = Callable[[dict[str, Json]], list[tuple[float, dict[str, Json]]]]
"""What becomes of an event: the deliveries made of it, each after so many seconds; none when it is lost."""

CallHook: TypeAlias = Callable[[str, dict[str, Json]], None]
"""Is told of a call, as `service.Operation`, and its parameters."""


@dataclass(frozen=True, kw_only=True)
class Durations:
    """How many seconds each thing takes; nothing takes any time unless somebody says so."""

    instance_start: float = 0
    instance_stop: float = 0
    instance_terminate: float = 0
    status_checks: float = 0
    volume_create: float = 0
    volume_attach: float = 0
    volume_detach: float = 0
    snapshot: float = 0
    first_snapshot_gib: float = 0
    """What each GiB of a volume adds to its first snapshot; later ones hold what has changed (EBS user guide). AWS
    names no rate, only minutes to hours: this is a guess at its order."""
    image: float = 0
    role: float = 0
    function: float = 0
    scaling_step: float = 0
    deregistration: float = 0
    health_check: float = 30
    launch_retry: float = 60
    policy_hour: float = 3600
    """An hour in the schedule of a snapshot policy."""
    policy_run: float = 0
    """From the time of a snapshot policy's run to its beginning, which may be an hour."""
    metric_period: float = 60
    queue: float = 0
    """Until a queue that was made can be used."""
    waf_object: float = 0
    """Until what was made in AWS WAF may be referred to."""
    queue_counts: float = 0
    """How often SQS counts a queue's messages; in between it tells what it counted last. AWS: "may not achieve
    consistency until at least 1 minute after the producers stop sending messages" (GetQueueAttributes)."""
    waf_call: float = 0
    """What a second is in AWS WAF's quotas of calls a second."""
    waf_sample: float = 0
    """Until a request can be among AWS WAF's samples; AWS names no time, and the console shows them at once."""
    waf_metric: float = 0
    """Until a request is counted: "AWS WAF reports metrics once a minute" (WAF developer guide)."""
    waf_log: float = 0
    """Until a request is in the log of a web ACL."""
    flow_log: float = 0
    """Until a record of a flow is in CloudWatch Logs: the aggregation interval, then about five minutes (VPC user
    guide, "Flow log basics" and "Aggregation interval")."""
    log_query: float = 0
    """What a query of Logs Insights takes."""
    agent_poll: float = 0
    """Until an agent takes up a command that was sent to it."""
    script: float = 0
    """What a script takes besides what it waits for by itself."""
    command_listed: float = 0
    """Until a command that was sent is listed."""
    notified: float = 0
    """Until S3 follows a change of a bucket's notifications: about five minutes (S3 guide, "Enabling and
    configuring event notifications")."""
    replay_start: float = 0
    """From StartReplay until the first event is handed on; AWS names no time."""
    replay_interval: float = 0
    """What each minute of event time takes that has events; AWS names no rate."""


AWS_LIKE = Durations(
    instance_start=20,
    instance_stop=30,
    instance_terminate=40,
    status_checks=120,
    volume_create=5,
    volume_attach=3,
    volume_detach=5,
    snapshot=120,
    image=180,
    role=10,
    function=5,
    scaling_step=5,
    policy_run=900,
    deregistration=300,
    queue=1,
    queue_counts=60,
    waf_object=30,
    waf_call=1,
    waf_sample=5,
    waf_metric=60,
    waf_log=30,
    flow_log=360,
    log_query=5,
    agent_poll=2,
    script=3,
    command_listed=1,
    notified=300,
    replay_start=20,
    replay_interval=2,
)
QUICK = Durations(
    instance_start=5,
    instance_stop=5,
    instance_terminate=8,
    status_checks=10,
    volume_create=2,
    volume_attach=2,
    volume_detach=2,
    snapshot=10,
    image=12,
    role=6,
    function=2,
    scaling_step=1,
    deregistration=5,
    health_check=10,
    launch_retry=20,
    policy_hour=60,
    policy_run=5,
    metric_period=10,
    queue=1,
    queue_counts=2,
    waf_object=2,
    waf_call=0.5,
    waf_sample=1,
    waf_metric=3,
    waf_log=3,
    flow_log=10,
    log_query=1,
    agent_poll=0.5,
    script=0.5,
    command_listed=0.3,
    notified=3,
    replay_start=2,
    replay_interval=1,
)

AWS = replace(AWS_LIKE, first_snapshot_gib=4)
PACES = {"quick": QUICK, "aws": AWS, "instant": Durations()}
"""The paces a person may choose."""


@dataclass
class Faults:
    """What goes wrong; a test, or somebody who rehearses, puts names in."""

    no_capacity: set[str] = field(default_factory=set)
    """Zones without capacity for instances."""
    no_room: set[str] = field(default_factory=set)
    """Instances that EC2 has no room for when they are started, not even in a reservation."""
    no_room_later: set[str] = field(default_factory=set)
    """Instances whose start EC2 takes, and for which it then finds no room: they are stopped again."""
    dark_zones: set[str] = field(default_factory=set)
    """Zones that do not answer: nothing in them ever completes, and nobody can say how their instances are."""
    impaired: set[str] = field(default_factory=set)
    """Instances that fail their status checks."""
    held_volumes: set[str] = field(default_factory=set)
    """Volumes that a running guest does not let go of."""
    bad_keys: set[str] = field(default_factory=set)
    """KMS keys with which nothing can be encrypted."""
    lingering: dict[str, float] = field(default_factory=dict)
    """How many seconds an instance takes to terminate, where it is not the usual."""
    slow_snapshots: dict[str, float] = field(default_factory=dict)
    """How many seconds a snapshot of a volume takes, where it is not the usual."""
    forged_installers: set[str] = field(default_factory=set)
    """Instances that are given another file than AWS's when they fetch the EFA installer."""
    lost_agents: set[str] = field(default_factory=set)
    """Running instances whose SSM agent does not answer."""
    busy_buckets: set[str] = field(default_factory=set)
    """Buckets of which another change is in progress: S3 takes none of their notifications."""
    slow_scripts: dict[str, float] = field(default_factory=dict)
    """How many seconds a script takes on an instance, where it is not the usual."""
    next_zones: list[str] = field(default_factory=list)
    """The zones in which a group launches next, in order."""
    abandoned_launch_runs_terminate_hooks: bool = True
    """Whether an instance whose launch was abandoned passes through the hooks of termination."""
    launch_before_terminate: bool = False
    """The setting of the account for groups that have no maintenance policy."""
    deliver: Deliver | None = None
    """What becomes of the events of Auto Scaling, where it is not one delivery at once."""
    before_call: CallHook | None = None
    """Looks at each call that a function makes before it is sent; what it raises ends the invocation."""
    after_call: CallHook | None = None
    """The same after it was carried out and before the function learns of it."""


@dataclass
class PendingInvocation:
    """An invocation of a function that waits to be run; `version` is the one that its name led to.

    `request` is the id of the request, which all its tries have (Lambda guide, "Understanding retry behavior").
    """

    due: float
    region: str
    function: str
    payload: str
    attempt: int = 0
    born: float = 0.0
    version: str = "$LATEST"
    request: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Invocation:
    """An invocation that was run."""

    at: float
    function: str
    payload: str
    error: str | None
    logs: tuple[str, ...]


@dataclass
class Conditions:
    """Everything that makes one account's story."""

    timeline: Timeline
    durations: Durations = Durations()
    faults: Faults = field(default_factory=Faults)
    events: list[dict[str, Json]] = field(default_factory=list)
    """The events so far, as they were put."""
    jobs: list[PendingInvocation] = field(default_factory=list)
    """Invocations that wait for somebody to run them: the sandbox's tick, or a test that lets time pass."""
    invocations: list[Invocation] = field(default_factory=list)
    """The invocations so far."""
    denied: list[str] = field(default_factory=list)
    """The calls that were refused for want of a permission, in IAM's words."""
    function_calls: list[tuple[str, dict[str, Json]]] = field(default_factory=list)
    """Every call that functions made, as `service.Operation`, with its parameters."""
    trail: list[dict[str, Json]] = field(default_factory=list)
    """What CloudTrail has of changes of functions, the newest last."""
    waf_calls: dict[tuple[str, str], float] = field(default_factory=dict)
    """When AWS WAF was called last, by action and Region."""
    waf_hidden: dict[str, float] = field(default_factory=dict)
    """Until when what was made in AWS WAF cannot be referred to, by ARN."""

    counted: dict[tuple[str, str, str, str, int], int] = field(default_factory=dict)
    """What queues and topics were sent, by Region, namespace, metric, name and minute."""
    requests: list[Sample] = field(default_factory=list)
    """The requests that web ACLs judged, as AWS WAF samples them; the newest last."""

    def later(self, seconds: float, action: Callable[[], Any]) -> None:
        """Let something happen in so many seconds; at once when there are none."""
        self.timeline.after(seconds, action)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.timeline.now()

    def moment(self) -> datetime:
        """The time as a date."""
        return datetime.fromtimestamp(self.now(), UTC)


# Like moto's own backends, kept for each account of this process.
_KNOWN: dict[str, Conditions] = {}


def conditions(account: str) -> Conditions:
    """The conditions of an account: the machine's clock, and nothing takes time, until they are set."""
    found = _KNOWN.get(account)
    if found is None:
        found = _KNOWN.setdefault(account, Conditions(Timeline(MachineClock())))
    return found


def set_conditions(
    account: str, *, clock: Ticking | None = None, durations: Durations | None = None
) -> Conditions:
    """Begin an account's story with a clock and durations of its own."""
    _KNOWN[account] = Conditions(Timeline(clock or MachineClock()), durations or Durations())
    return _KNOWN[account]


def forget_everything() -> None:
    """Let nothing happen any more that was due; durations and clocks stay as they are."""
    for known in list(_KNOWN.values()):
        known.timeline.forget()
        known.faults = Faults()
        for kept in (
            known.events,
            known.jobs,
            known.invocations,
            known.function_calls,
            known.denied,
            known.requests,
        ):
            kept.clear()
        known.waf_calls.clear()
        known.waf_hidden.clear()


def hand_clock(found: Conditions) -> HandClock:
    """The clock of an account that is moved by hand."""
    if not isinstance(found.timeline.clock, HandClock):
        raise TypeError("the clock of this account is not moved by hand")
    return found.timeline.clock
