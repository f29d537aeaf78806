"""Where real things are built and handed down: the account, the journal, the clock, ids and settings."""

import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from opsctl.aws.service_models import InstalledModels
from opsctl.catalog import find_plugins
from opsctl.journal.places import at_home, base_directory
from opsctl.journal.places import cache_dir as cache_dir
from opsctl.journal.places import kept_plans as kept_plans
from opsctl.journal.places import open_journal as open_journal
from opsctl.journal.places import state_dir as state_dir
from opsctl.model.errors import InvalidInput
from opsctl.model.reads import Answer, Read
from opsctl.model.registry import Registry
from opsctl.model.run import Context, Identity, Progress
from opsctl.model.settings import Settings
from opsctl.model.value import Json

if TYPE_CHECKING:
    # Imported where used: the SDK takes longer than all that a command does which calls nothing, and YAML,
    # the journal and what checks playbooks and plans are for some commands each.
    from opsctl.aws.account import CachedReader, LiveAccount, ReaderBeside
    from opsctl.aws.clients import Connection
    from opsctl.aws.log_queries import LogQueries
    from opsctl.aws.role_cache import Ask
    from opsctl.aws.sqs_wire import SqsWire
    from opsctl.journal.store import Journal
    from opsctl.model.plan import Plan
    from opsctl.model.playbook import LoadedPlaybook, Playbook
    from opsctl.workflow.run_context import RunContext

_ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class SystemClock:
    """Implements the `Clock` port with the machine's own time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Runtime:
    """Everything one command works with; the account is reached on first use.

    `soon` are the services that are going to be asked once it is known who calls.
    """

    def __init__(
        self,
        connection: "Connection",
        progress: Progress,
        stopping: Callable[[], bool],
        reached_by: tuple[str, ...] = (),
        ask: "Ask" = lambda _: None,
        in_force: Settings | None = None,
    ) -> None:
        from opsctl.aws.clients import Clients
        from opsctl.aws.throttling import Throttling

        self.plan_id = new_id()
        self.clock = SystemClock()
        self._began = self.clock.now()
        self.settings = in_force or settings()
        self.registry: Registry = find_plugins()
        self.progress = progress
        self.stopping = stopping
        self.soon: tuple[str, ...] = ()
        self._clients = Clients(connection, self.plan_id, ask, Throttling(progress, self.clock.now))
        self._reached_by = reached_by
        self._identity: Identity | None = None
        self._alias: str | None = None
        self._asking_alias = Lock()
        self._journal: Journal | None = None

    @property
    def identity(self) -> Identity:
        """Who calls; asked once."""
        from opsctl.aws.account import identify

        if self._identity is None:
            who = identify(self._clients, self.clock.now(), self.soon)
            self._identity = who.model_copy(update={"reached_by": self._reached_by})
        return self._identity

    @property
    def alias(self) -> str:
        """The account's alias, or nothing; asked once, whichever thread wants it first."""
        from opsctl.aws.account import alias_of

        with self._asking_alias:
            if self._alias is None:
                self._alias = alias_of(self._clients)
        return self._alias

    def wait_until_asked(self, reader: "CachedReader") -> None:
        """Wait until the first reads are on their way: before that each client is being waited for."""
        reader.under_way.wait()
        self.make_clients(self.soon)

    def make_clients(self, services: tuple[str, ...]) -> None:
        """Make the clients of services now, in this order: one is made at a time, and whoever asks first waits."""
        self._clients.make(services, until=lambda: False)

    @property
    def about(self) -> Context:
        """What facts and actions may know."""
        return Context(
            identity=self.identity,
            settings=self.settings,
            plan_id=self.plan_id,
            now=self._began,
            cache=str(cache_dir()),
        )

    @property
    def journal(self) -> "Journal":
        """The journal in the state directory."""
        if self._journal is None:
            self._journal = open_journal()
        return self._journal

    @property
    def region(self) -> str:
        """The region of the run; raises InvalidInput when none is configured."""
        return self._clients.region

    def sign_in(self) -> str:
        """Have credentials at hand, asking for a code where a role wants one; returns where they are from."""
        from opsctl.aws.account import signed_in

        return signed_in(self._clients, self.clock.now())

    def clock_skew_s(self) -> float:
        """Seconds by which this machine's clock is ahead of AWS's."""
        from opsctl.aws.account import clock_skew_s

        return clock_skew_s(self._clients, self.clock)

    def account(self) -> "LiveAccount":
        """The live account."""
        from opsctl.aws.account import LiveAccount

        return LiveAccount(self._clients, self.identity, self.clock)

    def reader(self, answered: Callable[[Read], None] = lambda _read: None) -> "CachedReader":
        """A reader that asks each thing once, and tells of each answer."""
        from opsctl.aws.account import CachedReader

        read = self.account().read

        def told(one: Read) -> Answer:
            answer = read(one)
            answered(one)
            return answer

        return CachedReader(told)

    def reader_beside(
        self, reader: "CachedReader | None" = None, queries: "LogQueries | None" = None
    ) -> "ReaderBeside":
        """A reader for what is read beside planning, or by several at once; it knows what `reader` was told.

        With `queries` it runs queries of logs as well.
        """
        from opsctl.aws.account import KnownAnswers, ReaderBeside

        read = queries.read if queries else self.account().read
        return ReaderBeside(read, reader.known if reader else KnownAnswers())

    def log_queries(self, within_s: float) -> "LogQueries":
        """Runs queries of logs for so long; whoever asked has them stopped in the end."""
        from opsctl.aws.log_queries import LogQueries

        return LogQueries(self.account(), self.clock, self.stopping, within_s)

    def queues(self, region: str) -> "SqsWire":
        """The fast way to SQS in a region."""
        from opsctl.aws.sqs_wire import SqsWire

        return SqsWire(self._clients, region)

    def workbench(self) -> "RunContext":
        """What runs need."""
        from opsctl.aws.web_probe import probe
        from opsctl.workflow.run_context import RunContext

        account = self.account()
        return RunContext(
            aws=account,
            fresh_reader=self.reader,
            journal=self.journal,
            registry=self.registry,
            about=self.about,
            clock=self.clock,
            progress=self.progress,
            stopping=self.stopping,
            queues=self.queues,
            probe=probe,
            request=InstalledModels().request,
            stored=account.stored,
        )


def new_id() -> str:
    """Make an id for a plan and its run: UTC time and four random characters."""
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{''.join(secrets.choice(_ID_LETTERS) for _ in range(4))}"


def kept_plan(plan_id: str) -> Path:
    """Return where a plan is kept."""
    return kept_plans() / f"{plan_id}.json"


def plan_place(named: Path) -> Path:
    """Return the file of a plan: what is named where there is something, else the plan kept under that id."""
    from opsctl.playbook.places import is_file

    kept = kept_plan(named.name)
    return kept if named.name == str(named) and not is_file(named) and is_file(kept) else named


def settings() -> Settings:
    """Load the configuration: OPSCTL_CONFIG, the user's own file and ./opsctl.yaml, those there are, added up.

    Raises:
        InvalidInput: a file has faults, or the one that OPSCTL_CONFIG names cannot be read.
    """
    from opsctl.playbook.settings_file import load_settings

    chosen = os.environ.get("OPSCTL_CONFIG")
    named = at_home(chosen, "OPSCTL_CONFIG") if chosen else None
    own = base_directory("XDG_CONFIG_HOME", ".config") / "opsctl" / "config.yaml"
    return load_settings(named, own, Path("opsctl.yaml"))


def load_checked_playbook(name_or_path: str) -> "LoadedPlaybook":
    """Load a playbook and check everything that can be checked offline; raises InvalidInput."""
    from opsctl.playbook.load import load_playbook

    return checked(load_playbook(name_or_path))


def checked(loaded: "LoadedPlaybook", registry: Registry | None = None) -> "LoadedPlaybook":
    """Return a playbook in which everything that can be checked offline is right, in the names of this version.

    `registry` are the plug-ins, where somebody has found them already.

    Raises:
        InvalidInput: with every fault.
    """
    from opsctl.playbook.former_names import with_present_names
    from opsctl.playbook.validate import validate_playbook

    registry = registry or find_plugins()
    present = with_present_names(loaded, registry.former())
    faults = validate_playbook(present, registry, InstalledModels())
    if faults:
        raise InvalidInput(faults)
    return present


def load_checked_plan(path: Path, *, private: bool = False) -> "Plan":
    """Load a plan file and check everything in it.

    Raises:
        InvalidInput: it is no plan, was altered, or anything in it cannot be.
        RefusedByGuard: with `private`, that others may write it.
    """
    from opsctl.playbook.plan_faults import plan_faults
    from opsctl.workflow.plan_files import load_plan

    plan = load_plan(path, private=private)
    faults = plan_faults(plan, str(path), find_plugins(), InstalledModels())
    if faults:
        raise InvalidInput(faults)
    return plan


def shipped_playbook(name: str, sha256: str) -> "Playbook | None":
    """Return a shipped playbook when its content is just this one, else nothing."""
    from opsctl.playbook.load import load_playbook
    from opsctl.playbook.places import shipped_names

    if name not in shipped_names():
        return None
    loaded = load_playbook(name)
    return loaded.playbook if loaded.sha256 == sha256 else None


def load_inputs_file(path: Path) -> dict[str, Json]:
    """Read a YAML or JSON file of inputs; raises InvalidInput."""
    from opsctl.playbook.settings_file import load_inputs

    return load_inputs(path)
