"""`opsctl doctor`: is everything in place to work?"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import typer

from opsctl.cli.options import AccountOptions, LookOptions, Output, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Order, Session
    from opsctl.model.settings import Settings
    from opsctl.wiring import Runtime
    from opsctl.workflow.checkup import Examined

EPILOG = """Examples:

  opsctl doctor --profile production

  opsctl doctor -o json --query "result[?state=='bad']"
"""
MAX_SKEW_S = 120
T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", epilog=EPILOG)(spliced(doctor))


def doctor(*, account: AccountOptions, show: LookOptions) -> None:
    """Check versions, configuration, journal, credentials, clock, and what each command reads; changes nothing.

    Each line is ok, bad (!!) or not tried (--), and none keeps the others from being looked at.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.output import emit_value
    from opsctl.workflow.checkup import State

    order = Order("doctor", account, show)
    lines = list(_examined(order))
    bad = any(one.state is State.BAD for one in lines)
    value = [one.model_dump(mode="json") | {"ok": one.ok} for one in lines]
    text = _markdown(lines) if show.output is Output.MARKDOWN else _text(lines)
    emit_value(order, Outcome.CHECKED, value, text, code=int(bad))
    if bad:
        raise typer.Exit(1)


def _markdown(lines: "list[Examined]") -> str:
    from opsctl.render.markdown import table

    rows = [(one.state.value, one.check, one.detail, one.hint) for one in lines]
    return "\n".join(table(("state", "check", "what was found", "to do"), rows))


def _text(lines: "list[Examined]") -> str:
    from opsctl.cli.terminal import width
    from opsctl.render.inert import visible
    from opsctl.render.page import wrapped
    from opsctl.workflow.checkup import State

    marks = {State.OK: "ok", State.BAD: "!!", State.NOT_TRIED: "--"}
    out: list[str] = []
    for one in lines:
        told = [f"{one.check}: {one.detail}", *([f"to do: {one.hint}"] if one.hint else [])]
        first, *rest = [line for text in told for line in wrapped(visible(text), width() - 6)]
        out += [f"{marks[one.state]}  {first}", *(f"      {line}" for line in rest)]
    return "\n".join(out)


def _examined(order: "Order") -> "Iterator[Examined]":
    """Look at everything, what needs no account first; what cannot be had is a line, and ends nothing."""
    from opsctl.cli.front import open_session
    from opsctl.model.settings import Settings
    from opsctl.wiring import settings
    from opsctl.workflow.checkup import Examined, State

    yield from _versions()
    in_force, failed = _tried("configuration", settings)
    yield from [failed] if failed else _configuration(in_force or Settings())
    _, failed = _tried("journal", _journal)
    yield failed or Examined(check="journal", state=State.OK, detail=_journal())
    yield from _plugins()
    yield from _aws_files()
    session, failed = _tried("credentials", lambda: open_session(order, settings=in_force or Settings()))
    if session is None or failed:
        yield from [failed] if failed else []
        yield from _not_tried("region", "account", "clock", "reads")
        return
    yield from _account(session)
    session.progress.clear()


def _tried(check: str, work: Callable[[], T]) -> "tuple[T | None, Examined | None]":
    """Do something; what went wrong comes back as a bad line."""
    from opsctl.model.errors import InvalidInput, OpsctlError
    from opsctl.workflow.checkup import Examined, State

    try:
        return work(), None
    except InvalidInput as invalid:
        faults = [f"{fault.where}: {fault.summary}" for fault in invalid.diagnostics]
        told = Examined(check=check, state=State.BAD, detail="; ".join(faults[:3]), hint=invalid.hint)
    except OpsctlError as error:
        told = Examined(check=check, state=State.BAD, detail=error.summary, hint=error.hint)
    except OSError as fault:
        told = Examined(check=check, state=State.BAD, detail=f"{fault.filename or ''}: {fault.strerror or fault}")
    return None, told


def _not_tried(*checks: str) -> "Iterator[Examined]":
    from opsctl.workflow.checkup import Examined, State

    for check in checks:
        yield Examined(check=check, state=State.NOT_TRIED, detail="what comes before it is bad")


def _ok(check: str, detail: str) -> "Examined":
    from opsctl.workflow.checkup import Examined, State

    return Examined(check=check, state=State.OK, detail=detail)


def _versions() -> "Iterator[Examined]":
    import platform
    from importlib.metadata import version

    from opsctl import DISTRIBUTION, __version__

    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield _ok("opsctl", f"{__version__} (distribution {DISTRIBUTION}), {python}")
    yield _ok("boto3", f"{version('boto3')}, botocore {version('botocore')}")


def _configuration(settings: "Settings") -> "Iterator[Examined]":
    from opsctl.model.settings import Keys

    for file in settings.files:
        says = ", ".join(sorted(file.keys.model_fields_set)) or "says nothing"
        yield _ok("configuration", f"{file}: {says}")
    if not settings.files:
        yield _ok("configuration", "no file")
    values = {key: getattr(settings, key) for key in Keys.model_fields}
    words = [f"{key} {len(value) if isinstance(value, tuple) else value}" for key, value in values.items()]
    yield _ok("in force", ", ".join(words))


def _journal() -> str:
    from opsctl.model.sentences import first_few
    from opsctl.wiring import open_journal, state_dir

    runs = open_journal().runs()
    unfinished = [run.id for run in runs if run.status in ("interrupted", "failed", "unproved")]
    told = f"{len(runs)} runs in {state_dir()}"
    return f"{told}; unfinished: {first_few(unfinished, 5)}" if unfinished else told


def _plugins() -> "Iterator[Examined]":
    """Import every plug-in that others ship, which no other command does."""
    from opsctl.catalog import PARTS, find_plugins, shipped_by_others
    from opsctl.model.errors import InvalidInput
    from opsctl.workflow.checkup import Examined, State

    registry = find_plugins()
    known = (registry.facts, registry.actions, registry.jobs)
    packages = shipped_by_others()
    if not packages:
        yield _ok("plug-ins", "opsctl's own alone")
    for package in packages:
        names: list[str] = []
        faults = [package.fault] if package.fault else []
        for part, plugins in zip(PARTS, known, strict=True):
            for name, _module in package.modules(part):
                names.append(f"{part.removesuffix('s')} {name}")
                try:
                    plugins[name]
                except InvalidInput as invalid:
                    faults.append(invalid.summary)
        told = f"{package.distribution}: {'; '.join(faults or names)}"
        yield Examined(check="plug-ins", state=State.BAD if faults else State.OK, detail=told)


def _aws_files() -> "Iterator[Examined]":
    from opsctl.aws.local_files import files_in_use, passed_over, variables_set
    from opsctl.workflow.checkup import Examined, State

    missed = passed_over()
    state = State.BAD if missed else State.OK
    yield Examined(check="AWS files", state=state, detail=missed or ", ".join(files_in_use()) or "none")
    yield _ok("AWS variables", ", ".join(variables_set()) or "none")


def _account(session: "Session") -> "Iterator[Examined]":
    """Look at the account, each thing by itself as far as what it needs is there."""
    runtime = session.runtime
    region, failed = _tried("region", lambda: runtime.region)
    yield failed or _ok("region", str(region))
    signed, failed = _tried("credentials", runtime.sign_in)
    yield failed or _ok("credentials", str(signed))
    if region is None or signed is None:
        yield from _not_tried("account", "clock", "reads")
        return
    who, failed = _tried("account", lambda: runtime.identity)
    if who is None:
        yield from [failed] if failed else []
        yield from _not_tried("clock", "reads")
        return
    yield _ok("account", f"{who.account}, alias {runtime.alias or 'not set or not readable'}")
    yield _ok("caller", who.arn)
    yield _ok("endpoint", who.endpoint or "AWS")
    yield _clock(runtime)
    session.progress("trying what the commands read")
    found, failed = _tried("reads", lambda: list(_reads(runtime)))
    yield from [failed] if failed else found or []


def _clock(runtime: "Runtime") -> "Examined":
    from opsctl.workflow.checkup import Examined, State

    skew, failed = _tried("clock", runtime.clock_skew_s)
    if skew is None:
        assert failed is not None  # noqa: S101 - one of them is there
        return failed
    state = State.OK if abs(skew) <= MAX_SKEW_S else State.BAD
    hint = "" if state is State.OK else "set the clock (timedatectl set-ntp true)"
    return Examined(check="clock", state=state, detail=f"{skew:+.0f} s against AWS", hint=hint)


def _reads(runtime: "Runtime") -> "Iterator[Examined]":
    from opsctl.aws.service_models import InstalledModels
    from opsctl.playbook.load import load_playbook
    from opsctl.playbook.places import shipped_names
    from opsctl.workflow.checkup import examined_reads, read_states
    from opsctl.workflow.reads_needed import reads_of

    needed = {name: reads_of(load_playbook(name).playbook, runtime.registry) for name in shipped_names()}
    every = frozenset().union(*needed.values())
    states = read_states(every, InstalledModels(), runtime.reader(), runtime.account())
    for name, apis in needed.items():
        yield examined_reads(name, apis, states)
