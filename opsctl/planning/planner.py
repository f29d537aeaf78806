"""From a playbook and its inputs to a sealed plan; reads the account and changes nothing."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

from opsctl import __version__
from opsctl.expressions.evaluate import evaluate
from opsctl.model.changes import Change, Instruction
from opsctl.model.commands import presumes
from opsctl.model.durations import parse_duration
from opsctl.model.errors import RefusedByGuard
from opsctl.model.networks import plain_addresses
from opsctl.model.plan import (
    FactCall,
    Finding,
    NextStep,
    Plan,
    PlanCheck,
    PlaybookRef,
    Policies,
    Section,
    UndoWarning,
)
from opsctl.model.playbook import CheckSpec, LoadedPlaybook
from opsctl.model.ports import Reader
from opsctl.model.reads import Answer, Read
from opsctl.model.registry import Registry
from opsctl.model.run import Context
from opsctl.model.secrets import masked
from opsctl.model.spans import utc
from opsctl.model.value import Json, canonical
from opsctl.model.write_backs import documents_of, require_whole
from opsctl.planning.facts import look_up_facts
from opsctl.planning.guards import as_evidence, run_guards
from opsctl.planning.iam import allowed_everywhere, policy_for_changes, policy_for_reads
from opsctl.planning.least_risk import no_less_severe
from opsctl.planning.run_fetching import run_fetching
from opsctl.planning.scope import Scope, facts_named_in
from opsctl.planning.steps import plan_steps


def make_plan(
    loaded: LoadedPlaybook,
    inputs: dict[str, Json],
    *,
    about: Context,
    reader: Reader,
    registry: Registry,
    overrides: Collection[str],
    now: float,
    alias: Callable[[], str] = lambda: "",
) -> Plan:
    """Look the facts up, run the guards, plan the steps; return the plan, bound and sealed.

    `inputs` are parsed; `overrides` are names of guards; `now` is seconds since the epoch. `alias` tells the
    account's alias, which nothing depends on: it is asked for last.

    Raises:
        RefusedByGuard: a guard or an action refused, or a fact could not be read.
        InvalidInput: the playbook does not fit the inputs or facts.
    """
    recorder = _Recorder(reader)
    about = about.model_copy(update={"accepted": tuple(overrides)})
    scope = Scope(loaded, inputs, about)
    calls = look_up_facts(loaded, scope, recorder, about, registry)
    findings = run_guards(loaded, scope, overrides)
    changes = plan_steps(loaded, scope, recorder, about, registry)
    run_fetching(require_whole(documents_of(changes)), recorder)
    plan = _bound(loaded, scope, inputs, about, calls, findings, changes, recorder.made, now)
    return plan.model_copy(update={"account_alias": alias()}).sealed()


def refuse_large(plan: Plan, max_changes: int) -> None:
    """Refuse a plan with more changes than allowed; raises RefusedByGuard."""
    if len(plan.changes) > max_changes:
        raise RefusedByGuard(
            f"the plan has {len(plan.changes)} changes and at most {max_changes} are allowed",
            f"narrow it, or allow it with --max-changes {len(plan.changes)}",
        )


class _Recorder:
    """Passes reads on and remembers them for the plan's IAM policy."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.made: list[Read] = []

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Make the reads through the reader behind this one."""
        self.made += reads
        return self._reader.read_many(reads)


def _bound(
    loaded: LoadedPlaybook,
    scope: Scope,
    inputs: dict[str, Json],
    about: Context,
    calls: dict[str, FactCall],
    findings: tuple[Finding, ...],
    changes: tuple[Change, ...],
    reads: list[Read],
    now: float,
) -> Plan:
    book = loaded.playbook
    created = datetime.fromtimestamp(now, UTC)
    return Plan(
        id=about.plan_id,
        created=utc(created),
        expires=utc(created + timedelta(seconds=about.settings.plan_expires_s)),
        opsctl_version=__version__,
        playbook=PlaybookRef(name=book.name, version=book.version, sha256=loaded.sha256),
        title=plain_addresses(str(scope.resolve(book.title or book.summary, "title"))),
        account=about.account,
        partition=about.identity.partition,
        region=about.region,
        caller=about.identity.arn,
        endpoint=about.identity.endpoint,
        reached_by=about.identity.reached_by,
        configuration=about.settings.sources,
        inputs=inputs,
        confirm=str(scope.find(book.confirm, "confirm") or "") if book.confirm else "",
        facts=masked(scope.facts),
        paths=scope.find(book.paths, "paths") if book.paths else None,
        sections=_sections(loaded, scope),
        warnings=(*findings, *_former(loaded), *_unscoped(changes, about)),
        changes=tuple(no_less_severe(_whole(change, about.region)) for change in changes),
        checks=_checks(loaded, scope, calls, findings),
        undo_warnings=_undo_warnings(loaded, calls),
        outputs=masked(scope.resolve(book.outputs, "outputs")),
        next=_next(loaded, scope),
        notes=book.notes,
        iam_policy=Policies(
            plan=policy_for_reads(reads, about.identity),
            apply=policy_for_changes(changes, about.identity),
        ),
    )


def _former(loaded: LoadedPlaybook) -> tuple[Finding, ...]:
    """Say which names of the version before the playbook is written in."""
    because = "the playbook uses names that the next version no longer knows"
    return (Finding(id="former-names", because=because, evidence=loaded.former),) if loaded.former else ()


def _unscoped(changes: tuple[Change, ...], about: Context) -> tuple[Finding, ...]:
    """Say which calls the policy allows on every resource because nobody told which one IAM asks about."""
    found = allowed_everywhere(changes, about.identity)
    if not found:
        return ()
    evidence = tuple(f"{action}: {', '.join(ids)}" for action, ids in found.items())
    because = "the plan's IAM policy allows these on every resource: narrow it before it is granted to anybody"
    return (Finding(id="iam-any-resource", because=because, evidence=evidence),)


def _sections(loaded: LoadedPlaybook, scope: Scope) -> tuple[Section, ...]:
    found = []
    for number, spec in enumerate(loaded.playbook.sections):
        items = masked(scope.find(spec.rows, f"sections.{number}.rows") or [])
        rows = tuple(
            tuple(cell_text(evaluate(expression.removeprefix("="), item)) for expression in spec.columns.values())
            for item in items
        )
        if rows:
            found.append(Section(title=spec.title, columns=tuple(spec.columns), rows=rows, shown=spec.shown))
    return tuple(found)


def cell_text(value: Json) -> str:
    """Return what a table's cell shows: text as it is, nothing as nothing, a list as its items."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(cell_text(item) for item in value)
    return value if isinstance(value, str) else canonical(value)


def _checks(
    loaded: LoadedPlaybook, scope: Scope, calls: dict[str, FactCall], findings: tuple[Finding, ...]
) -> tuple[PlanCheck, ...]:
    accepted = {finding.id for finding in findings if finding.accepted}
    paths = loaded.playbook.paths.removeprefix("=")

    def found(expression: str, path: str) -> Json:
        return scope.find(expression, path) if expression else None

    return tuple(
        PlanCheck(
            id=check.id,
            none=check.none.removeprefix("="),
            because=check.because,
            within_s=parse_duration(check.within),
            shows=check.shows.removeprefix("="),
            tells=check.tells.removeprefix("="),
            paths=paths if facts_named_in(f"={paths}") <= _facts_of(check) else "",
            foretold=cell_text(found(check.foretells, f"checks.{number}.foretells")),
            stays=as_evidence(found(check.stays, f"checks.{number}.stays")),
            accept=check.accept,
            accepted=check.accept in accepted,
            facts={name: calls[name] for name in sorted(_facts_of(check))},
        )
        for number, check in enumerate(loaded.playbook.checks)
        if not check.when or as_evidence(scope.find(check.when, f"checks.{number}.when"))
    )


def _undo_warnings(loaded: LoadedPlaybook, calls: dict[str, FactCall]) -> tuple[UndoWarning, ...]:
    return tuple(
        UndoWarning(
            id=one.id,
            warn=one.warn.removeprefix("="),
            because=one.because,
            facts={name: calls[name] for name in sorted(facts_named_in(f"={one.warn.removeprefix('=')}"))},
        )
        for one in loaded.playbook.undo_warns
    )


def _facts_of(check: CheckSpec) -> set[str]:
    """Return the facts that a check looks up again."""
    return facts_named_in(f"={check.none}", f"={check.shows}", f"={check.tells}")


def _next(loaded: LoadedPlaybook, scope: Scope) -> tuple[NextStep, ...]:
    found = (
        NextStep(
            words=tuple(cell_text(word) for word in scope.resolve(spec.opsctl, f"next.{number}.opsctl")),
            because=" ".join(spec.because.split()),
        )
        for number, spec in enumerate(loaded.playbook.next)
        if not spec.when or as_evidence(scope.find(spec.when, f"next.{number}.when"))
    )
    # What is literal was checked; a name from the account can be as odd, and is left out.
    return tuple(step for step in found if not any(map(presumes, step.words)))


def _whole(change: Change, region: str) -> Change:
    """Name the region of every call that a change makes, and of those that take it back; people read its title."""
    undo = change.undo
    if isinstance(undo, Instruction):
        undo = undo.model_copy(update={"region": undo.region or region})
    first = tuple(_whole(one, region) for one in change.undo_first)
    title = plain_addresses(change.title)
    known = {"title": title, "region": change.region or region, "undo": undo, "undo_first": first}
    return change.model_copy(update=known)
