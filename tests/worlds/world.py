"""One world: letters, a command, what goes wrong meanwhile, and how it ends."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.catalog import find_plugins
from opsctl.dlq.park_queues import is_park
from opsctl.dlq.transfer.transfer import EARLY_S
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.journal.store import Journal
from opsctl.model.errors import OpsctlError, RefusedByGuard
from opsctl.model.exits import Exit
from opsctl.model.plan import Plan
from opsctl.model.playbook import LoadedPlaybook
from opsctl.model.registry import Registry
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.planning.inputs import parse_inputs
from opsctl.planning.planner import make_plan
from opsctl.playbook.load import load_playbook
from opsctl.workflow.open_moves import warned_of_open_moves
from opsctl.workflow.run_context import RunContext
from opsctl.workflow.runs import resume_run, start_run
from opsctl.workflow.undo_plans import undo_plan
from tests.kit.memory_sqs import Faults, Stored
from tests.kit.ports import AnswersReader, FakeClock, Killed
from tests.worlds.account import NOBODY, Account, Queues, tag_of
from tests.worlds.dead_letters import KINDS, Kind, Written
from tests.worlds.mishaps import Chances, Fate, FatefulAccount, FatefulCheckpoint, FatefulClock, FatefulWire
from tests.worlds.turns import OneAfterTheOther, Turns, TurnsLock, TurnsPool

SETTLED_S = 130
_LOG_SPACE = 30_000
_WITH_LOCKS = ("aside", "backup", "choosing_destinations", "in_hand", "parking", "rate", "sampling", "tally")
_SET_ASIDE = {"dlq-redrive": ("fifo-filter", "consumer-broken"), "dlq-purge": ("fifo-filter",), "dlq-import": ()}


@dataclass(frozen=True)
class LetterSpec:
    """A letter to be: its kind, whether a filter wants it, its group."""

    kind: str
    good: bool
    group: int


@dataclass(frozen=True)
class Spec:
    """Everything that a world is made of."""

    topology: str
    letters: tuple[LetterSpec, ...]
    inputs: tuple[tuple[str, Json], ...] = ()
    playbook: str = "dlq-redrive"
    backup: bool = False
    workers: int = 1
    sampled: float = 0.0
    lag_s: float = 0.0
    chances: Chances = field(default_factory=Chances)
    happenings: tuple[tuple[int, str], ...] = ()
    consumers: str = "none"
    waits_s: float = 0.0
    gives_up: bool = False
    undoes: bool = False
    seed: int = 0


@dataclass
class Letter:
    """A letter of the world: what the oracle knows of it."""

    tag: str
    kind: Kind
    good: bool
    group: str
    written: Written
    home: str
    old: bool
    number: int
    gone_with: str = ""


@dataclass
class Outcome:
    """How a process ended that was not killed: exit code, and what the run reports of its job."""

    exit: Exit
    says: str
    report: Json
    plan: Plan


class World:
    """Queues, letters and a journal; the product works on them, process after process."""

    def __init__(self, spec: Spec, path: Path) -> None:
        self.spec = spec
        self.path = path
        self.base = FakeClock()
        self.sqs = Queues(self.base, Faults(seed=spec.seed, sampled=spec.sampled, lag_s=spec.lag_s))
        self.account = Account(self.sqs, spec.topology)
        self.turns = Turns(spec.seed)
        self.fate = Fate(spec.seed, self.turns, self._pass)
        self.clock = FatefulClock(self.base, self.fate, self.consume)
        self.letters: dict[str, Letter] = {}
        self.ids: dict[str, str] = {}
        self.back: Counter[str] = Counter()
        self.back_early: Counter[str] = Counter()
        self.set_out = 0.0
        self.taken: Counter[str] = Counter()
        self.removed = 0
        self.lost: set[str] = set()
        self.destroyed: set[str] = set()
        self.lines: list[str] = []
        self.lived: list[float] = []
        self.consumers = spec.consumers
        self.plans = 0
        self.file = path / "backup.jsonl"
        for one in spec.letters:
            self.arrive(one, old=True)
        self.base.sleep(SETTLED_S)

    def _pass(self, seconds: float) -> None:
        self.base.time += seconds

    # -- what others do ------------------------------------------------------------------------------------------

    def arrive(self, one: LetterSpec, *, old: bool) -> None:
        """A letter is left in the dead-letter queue, while that is there."""
        if self.account.dead not in self.sqs.queues:
            return
        tag = f"zq-{len(self.letters):04d}"
        kind = KINDS[one.kind]
        told = json.dumps({"tag": tag, "kind": "good" if one.good else "bad"})
        written = kind.write(told)
        group = f"g{one.group}" if self.account.suffix else ""
        system = {"MessageGroupId": group, "MessageDeduplicationId": tag} if group else {}
        system |= {"DeadLetterQueueSourceArn": written.source + self.account.suffix} if written.source else {}
        put = self.sqs.letter(self.account.dead, written.body, dict(written.attributes), system)
        self.ids[put.id] = tag
        home = kind.home + self.account.suffix if kind.home and ":" not in kind.home else kind.home
        self.letters[tag] = Letter(tag, kind, one.good, group, written, home, old, len(self.letters))

    def consume(self) -> None:
        """The consumers of all other queues take what is there, or fail on some of it."""
        if self.consumers == "none" or self.fate.random.random() > 0.3:
            return
        for name, queue in self.sqs.queues.items():
            if name == self.account.dead or is_park(name):
                continue
            for number, one in list(queue.messages.items()):
                fails = self.consumers == "fail" and self.fate.random.random() < 0.3
                if fails and "RedrivePolicy" in queue.attributes and self.account.dead in self.sqs.queues:
                    self._falls_back(name, one)
                del queue.messages[number]

    def _falls_back(self, name: str, one: Stored) -> None:
        """SQS moves it to the dead-letter queue: the same id, and on FIFO a new time."""
        system = dict(one.system) | {"DeadLetterQueueSourceArn": self.sqs.arn(name)}
        if self.account.suffix:
            system |= {"SentTimestamp": str(int(self.base.now() * 1000)), "MessageDeduplicationId": one.id}
        put = self.sqs.letter(self.account.dead, one.body, one.attributes, system)
        put.id = one.id
        tag = tag_of(one.body)
        self.ids[one.id] = tag
        self.back[tag] += 1
        self.back_early[tag] += int(one.system["SentTimestamp"]) < (self.set_out + EARLY_S) * 1000

    def others_receive(self, *, delete: bool) -> str:
        """Somebody else receives from the dead-letter queue, and perhaps deletes."""
        queue = self.sqs.queues.get(self.account.dead)
        if queue is None:
            return ""
        params = {"QueueUrl": self.account.dead, "MaxNumberOfMessages": 3, "VisibilityTimeout": 30}
        try:
            found = self.sqs.call("ReceiveMessage", params)["Messages"]
        except OpsctlError:
            return ""
        for one in found if delete else ():
            tag = tag_of(one["Body"])
            # What had left already was only not deleted yet, and SQS accepts its deletion whoever was first.
            purged = self.in_file()[tag] if self.spec.playbook == "dlq-purge" else 0
            had_left = self.arrived()[tag] > self.back[tag] or self.in_parks()[tag] or purged
            self.taken[tag] += not had_left
            self.removed += self.arrived()[tag] > 0
            del queue.messages[queue.handles[one["ReceiptHandle"]]]
        return ""

    def queue_goes(self, name: str) -> str:
        """A queue is deleted, with all that is in it."""
        queue = self.sqs.queues.pop(name, None)
        if queue is not None and name == self.account.dead:
            self.destroyed.update(tag_of(one.body) for one in queue.messages.values())
        return ""

    def park_goes(self) -> str:
        """Somebody deletes the queues that messages are parked in."""
        for queue in self.sqs.parks:
            self.lost.update(tag_of(one.body) for one in queue.messages.values())
            del self.sqs.queues[queue.name]
        return ""

    def happens(self, what: str) -> str:
        """Let something happen; returns what is to become of the call before which it does."""
        name, _, detail = what.partition(" ")
        if name == "arrives":
            topology = self.spec.topology
            self.arrive(LetterSpec("of orders", topology != "mixed", 0), old=False)
        elif name in ("received", "removed"):
            return self.others_receive(delete=name == "removed")
        elif what == "deleted park":
            self.park_goes()
        elif name == "deleted":
            return self.queue_goes(detail + self.account.suffix if detail != "dead" else self.account.dead)
        elif name == "denied":
            self.fate.denied, self.fate.denied_code = tuple(detail.split()), "AccessDenied"
        elif name == "expired":
            self.fate.denied, self.fate.denied_code = ("*",), "ExpiredToken"
        elif name == "crowded":
            self.sqs.in_flight_at_most = int(detail)
        elif name == "stop":
            self.fate.stopping = True
        else:
            return name
        return ""

    # -- what the product does -----------------------------------------------------------------------------------

    def heal(self) -> None:
        """Nothing goes wrong any more, and what was hidden is visible again."""
        self.fate.chances, self.fate.denied, self.fate.due = Chances(), (), {}
        self.sqs.in_flight_at_most = 0
        self.consumers = "none"
        self.base.sleep(SETTLED_S)

    def begin(self) -> None:
        """Let faults and happenings come, counted from here."""
        self.fate.chances = self.spec.chances
        for step, what in self.spec.happenings:
            self.fate.due[self.fate.steps + step] = lambda what=what: self.happens(what)  # type: ignore[misc]

    def plan(self, playbook: str, inputs: dict[str, Json]) -> Plan:
        """Plan as a new process does."""
        self._new_process()
        self.plans += 1
        with self._context() as context:
            loaded = _playbook(playbook)
            plan = make_plan(
                loaded,
                parse_inputs(loaded.playbook.inputs, inputs, source={}),
                about=context.about,
                reader=AnswersReader(self.account),
                registry=_registry(),
                overrides=_SET_ASIDE[playbook],
                now=self.base.now(),
            )
            return warned_of_open_moves(plan, context.journal, _registry().jobs)

    def start(self, plan: Plan) -> Outcome | None:
        """Carry a plan out; None when the process was killed."""
        self.set_out = self.base.now()
        return self._process(plan, start_run)

    def resume(self, plan: Plan) -> Outcome | None:
        """Go on with it in a new process."""
        return self._process(plan, resume_run)

    def undo(self, plan: Plan) -> Plan | None:
        """Plan to take a run back, as a new process does; nothing when it has done nothing."""
        self._new_process()
        self.plans += 1
        with self._context() as context:
            try:
                return undo_plan(plan, context)
            except RefusedByGuard:
                return None

    def _process(self, plan: Plan, work: Callable[[Plan, RunContext], object]) -> Outcome | None:
        self._new_process()
        exit_, says, began = Exit.DONE, "", self.base.now()
        with self._context() as context:
            before = len(context.journal.events(plan.id))
            try:
                work(plan, context)
            except Killed:
                self.lived.append(self.base.now() - began)
                return None
            except OpsctlError as fault:
                exit_, says = fault.exit_code, fault.summary
            details = [one.detail for one in context.journal.events(plan.id)[before:] if one.change]
            report = next((one for one in reversed(details) if isinstance(one, dict) and "moved" in one), None)
        return Outcome(exit_, says, report, plan)

    def _new_process(self) -> None:
        self.fate.dead = self.fate.stopping = False

    @contextmanager
    def _context(self) -> Iterator[RunContext]:
        account = FatefulAccount(self.account, self.fate)
        journal = _SmallJournal(self.path / "state", self.fate)
        about = Context(identity=NOBODY, plan_id=f"20261130-0000{self.plans:02d}-test", now=self.base.now())
        try:
            yield RunContext(
                aws=account,
                fresh_reader=lambda: AnswersReader(account),
                journal=journal,
                registry=_registry(),
                about=about,
                clock=self.clock,
                progress=self.lines.append,
                stopping=lambda: self.fate.stopping,
                queues=lambda _region: FatefulWire(account, self.fate),
                stored=account.read,
                probe=lambda _url: "",
                request=_models().request,
            )
        finally:
            journal.close()

    # -- what is so ----------------------------------------------------------------------------------------------

    def dead_ids(self) -> dict[str, Stored]:
        """What lies in the dead-letter queue, by message id."""
        queue = self.sqs.queues.get(self.account.dead)
        return {one.id: one for one in queue.messages.values()} if queue else {}

    def in_dead(self) -> Counter[str]:
        """How often each letter lies in the dead-letter queue."""
        return Counter(tag_of(one.body) for one in self.dead_ids().values())

    def ours(self) -> dict[str, str]:
        """The tag of each message that lies, or lay, in the dead-letter queue, by its id there."""
        return self.ids | self.sqs.returned

    def in_parks(self) -> Counter[str]:
        """How often each letter lies in a queue of opsctl's own."""
        return Counter(tag_of(one.body) for queue in self.sqs.parks for one in queue.messages.values())

    def arrived(self) -> Counter[str]:
        """How often each letter arrived at some place by sending."""
        return Counter(one.tag for one in self.sqs.arrivals)

    def in_file(self) -> Counter[str]:
        """Which letters are in the file, each line of one id once."""
        if not self.file.exists():
            return Counter()
        lines = [json.loads(line) for line in self.file.read_text().splitlines()]
        return Counter({one["id"]: tag_of(one["body"]) for one in lines}.values())

    def written(self) -> bytes:
        """Everything that was written to this machine but the file, and shown."""
        files = [one for one in (self.path / "state").rglob("*") if one.is_file()]
        return b"\n".join([*(one.read_bytes() for one in files), *(line.encode() for line in self.lines)])


class _SmallJournal(Journal):
    """A journal whose checkpoints are small, so that they are rewritten often, and end with their process."""

    def __init__(self, directory: Path, fate: Fate) -> None:
        super().__init__(directory)
        self._fate = fate

    def checkpoint(self, run_id: str, change_id: str) -> FatefulCheckpoint:  # type: ignore[override]
        name = f"{run_id}-{change_id.replace('/', '_')}.log"
        return FatefulCheckpoint(JobCheckpoint(self._directory / "jobs" / name, _LOG_SPACE), self._fate)


@contextmanager
def one_thread_at_a_time(world: World, workers: int) -> Iterator[None]:
    """Let the product's threads take turns, and its waits be as long, as the world's seed says."""
    TurnsPool.turns, TurnsPool.workers = world.turns, workers
    with pytest.MonkeyPatch.context() as patch:
        for module in ("opsctl.dlq.transfer.backoff", "opsctl.execution.executor"):
            patch.setattr(f"{module}.random", random.Random(world.spec.seed))  # noqa: S311 - waits, no secret
        locks = SimpleNamespace(Lock=lambda: TurnsLock(world.turns))
        for module in _WITH_LOCKS:
            patch.setattr(f"opsctl.dlq.transfer.{module}.threading", locks)
        patch.setattr("opsctl.dlq.transfer.mover.WorkerPool", TurnsPool)
        patch.setattr("opsctl.dlq.transfer.sampling.WorkerPool", TurnsPool)
        patch.setattr("opsctl.dlq.jobs.dlq_import.ThreadPoolExecutor", OneAfterTheOther)
        yield


@lru_cache(maxsize=1)
def _models() -> InstalledModels:
    return InstalledModels()


@lru_cache(maxsize=1)
def _registry() -> Registry:
    return find_plugins()


@lru_cache(maxsize=8)
def _playbook(name: str) -> LoadedPlaybook:
    return load_playbook(name)
