"""A playbook as data: what the YAML file says, after it was found to be well formed.

A value that starts with `=` is a JMESPath expression over `inputs`, `facts`, `each` and `run`, and keeps its
type; `==text` is the literal `=text`. `=steps.<step>.<output>` is the one thing known only after apply.
"""

from typing import Literal

from pydantic import Field

from opsctl.model.sections import SectionPlace
from opsctl.model.value import Json, Value

InputType = Literal["string", "int", "bool", "duration", "cidr", "list", "enum", "arn", "path"]


class InputSpec(Value):
    """One typed input: what is parsed, checked, completed and explained wherever it can be given.

    `of` is the element type of a list, `values` the choices of an enum. `alias`, `metavar` and `argument` say how
    a shipped playbook's own command shows it; without them an input `keep_days` is the option `--keep-days`.
    """

    type: InputType = Field(description="The type; the command line and --set parse by it.")
    of: Literal["string", "int", "cidr", "arn", "enum"] = Field("string", description="Element type of a list.")
    values: tuple[str, ...] = Field((), description="Choices of an enum, or of a list of enum.")
    default: Json = Field(None, description="Used when the input is not given.")
    required: bool = Field(False, description="Refuse to plan without it.")
    help: str = Field("", description="One sentence for --help and `playbook show`.")
    max_items: int | None = Field(None, ge=1, description="Longest list accepted.")
    pattern: str = Field("", description="Regular expression a string must match entirely.")
    min: int | None = Field(None, description="Least int accepted.")
    max: int | None = Field(None, description="Greatest int accepted.")
    alias: str = Field(
        "",
        pattern=r"^(--[a-z][a-z0-9-]*)?$",
        description="The command's option for it, where the name would differ.",
    )
    metavar: str = Field("", description="What stands for the value in the command's help.")
    argument: bool = Field(False, description="The command takes it as an argument instead of an option.")


class FactSpec(Value):
    """One thing to look up: a registered fact (`uses`) or one raw read (`read`, `query`)."""

    uses: str = Field("", description="Name of a fact, see `opsctl playbook schema`.")
    with_: dict[str, Json] = Field({}, alias="with", description="Arguments of the fact.")
    read: str = Field("", description="`service.Operation` of a read-only AWS call.")
    params: dict[str, Json] = Field({}, description="Parameters of the raw read.")
    query: str = Field("", description="JMESPath over the answer of the raw read.")
    region: str = Field("", description="Region of the raw read; the run's by default.")


class GuardSpec(Value):
    """A condition on going on: the expression lists the offenders, none is fine, they are the evidence."""

    id: str = Field(description="The name that --override takes.")
    refuse: str = Field("", description="Expression; anything it finds refuses the plan.")
    warn: str = Field("", description="Expression; anything it finds is a warning in the plan.")
    accept: str = Field(
        "", description="Expression; what it finds is planned, and applied only if accepted by name."
    )
    because: str = Field(description="One sentence: why this matters.")
    instead: str = Field("", description="What to do instead of overriding it; a refusal advises this first.")
    override: bool = Field(True, description="Whether `--override ID` may set a refusal aside.")
    todo: str = Field("", description="What to do about it, for `opsctl explain`.")

    @property
    def expression(self) -> tuple[str, str]:
        """The one expression of the guard, after its kind: refuse, warn or accept."""
        kind = "refuse" if self.refuse else "accept" if self.accept else "warn"
        return kind, str(getattr(self, kind))


class SectionSpec(Value):
    """A table of the plan, for whoever reviews it: one row for each item of a list."""

    title: str = Field(description="Heading of the table.")
    rows: str = Field(description="Expression that gives a list; without items the table is left out.")
    columns: dict[str, str] = Field(description="Heading of a column to expression over one item.")
    shown: SectionPlace = Field(
        "both", description="Whether it stands on the one screen, in the details, or in both."
    )


class CheckLine(Value):
    """One predicate in the YAML of a `call:` step: a read, a query over it, and exactly one comparison."""

    read: str = Field(description="`service.Operation` of a read-only AWS call.")
    params: dict[str, Json] = Field({}, description="Parameters of the read.")
    query: str = Field(description="JMESPath over the answer.")
    equals: Json = Field(None, description="The query finds exactly this.")
    contains: Json = Field(None, description="The list found has all of these.")
    excludes: Json = Field(None, description="The list found has none of these.")
    empty: bool = Field(False, description="The query finds nothing.")
    present: bool = Field(False, description="The query finds something.")
    says: str = Field("", description="The predicate in words, for the plan.")
    context: bool = Field(False, description="Must hold before, but is not what the call alters.")


class UndoCall(Value):
    """The inverse API call of a `call:` step."""

    call: str = Field(description="`service.Operation` of the inverse call.")
    params: dict[str, Json] = Field({}, description="Its parameters.")


class RiskLine(Value):
    """What a `call:` step may hurt."""

    severity: Literal["low", "medium", "high", "severe"] = Field("low", description="severe asks for the name.")
    affects: Json = Field((), description="What else is touched: a list, or an expression that gives one.")
    note: str = Field("", description="One sentence.")


class StepSpec(Value):
    """One step: a typed action (`uses`), or any AWS operation (`call`) with its proof and undo."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="The step's name in the plan.")
    title: str = Field("", description="One line for the plan; the name of the call by default.")
    when: str = Field("", description="Expression; the step is planned when it finds something.")
    foreach: str = Field("", description="Expression that gives a list; `each` is its element.")
    serial: bool = Field(
        False,
        description="With `foreach`: all serial steps are done for one item before the next; `after` is by item.",
    )
    after: tuple[str, ...] = Field((), description="Steps whose changes come first.")
    uses: str = Field("", description="Name of an action.")
    with_: dict[str, Json] = Field({}, alias="with", description="Arguments of the action.")
    call: str = Field("", description="`service.Operation` of a mutating AWS call.")
    params: dict[str, Json] = Field({}, description="Parameters of the call.")
    region: str = Field("", description="Region of the call; the run's by default.")
    why: str = Field("", description="One sentence for whoever approves.")
    expect: tuple[CheckLine, ...] = Field(
        (), description="What must be true just before the call; with an undo, one of them without `context`."
    )
    proof: tuple[CheckLine, ...] = Field((), description="What shows that the call is done.")
    within: str = Field("30s", description="How long the proof may take.")
    undo: UndoCall | Literal["none"] | None = Field(None, description="The inverse, or none with `because`.")
    because: str = Field("", description="Why there is no undo.")
    risk: RiskLine = Field(RiskLine(), description="What else it touches.")
    outputs: dict[str, str] = Field({}, description="Name to JMESPath over the first proof's answer.")


class CheckSpec(Value):
    """A check of the whole after all changes: the expression must find nothing."""

    id: str = Field(description="The check's name in reports.")
    none: str = Field(description="Expression that lists what is still wrong.")
    because: str = Field(description="What it means when something is found.")
    when: str = Field("", description="Expression at plan time; the check is kept when it finds something.")
    within: str = Field("1m", description="How long it may take to become true.")
    shows: str = Field("", description="Expression that lists what the report shows as evidence.")
    stays: str = Field(
        "", description="Expression at plan time; what `none` will still find: not waited for, and a failure."
    )
    accept: str = Field("", description="The guard whose name, given to --accept, lets stay what `stays` finds.")
    foretells: str = Field("", description="Expression at plan time that gives the plan's last line.")
    tells: str = Field("", description="Expression that gives the result's last line, held or not.")
    todo: str = Field("", description="What to do about it, for `opsctl explain`.")


class UndoWarnSpec(Value):
    """What the plan that takes a run back warns of: facts are looked up when the undo is planned, not before."""

    id: str = Field(description="The warning's name.")
    warn: str = Field(description="Expression over inputs and facts; anything it finds is a warning of the undo.")
    because: str = Field(description="One sentence: why this matters once the run is taken back.")
    todo: str = Field("", description="What to do about it, for `opsctl explain`.")


class EvidenceSpec(Value):
    """What is found out beside the planning, for whoever decides; the plan does not depend on it."""

    uses: str = Field(description="Name of a fact of several sources, such as `block.evidence`.")
    with_: dict[str, Json] = Field({}, alias="with", description="Its arguments; expressions may name inputs.")


class NextSpec(Value):
    """An opsctl command that makes sense once everything is applied, named at the end of the run."""

    opsctl: tuple[Json, ...] = Field(description="The words after `opsctl`: text or expressions, one word each.")
    because: str = Field(description="A few words: what it is good for.")
    when: str = Field("", description="Expression; the command is named when it finds something.")


OF_A_CALL = (
    *("title", "params", "region", "why", "expect", "proof", "within", "undo", "because", "risk", "outputs"),
)
"""What a step says of its `call`; an action knows all of that by itself."""

OF_A_READ = ("params", "query", "region")
"""What a fact says of its raw `read`."""

OF_A_REFUSAL = ("instead", "override")
"""What a guard says of its `refuse`."""


class Playbook(Value):
    """A whole playbook."""

    schema_: Literal["opsctl.playbook/v1"] = Field(alias="schema", description="The version of this language.")
    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="Kebab-case; the file's name by custom.")
    summary: str = Field(description="One sentence: what it does.")
    version: str = Field(description="The playbook's own version.")
    title: str = Field("", description="Heading of the plan: text or an expression; the summary by default.")
    inputs: dict[str, InputSpec] = Field({}, description="Typed inputs.")
    facts: dict[str, FactSpec] = Field({}, description="What to look up before planning.")
    evidence: EvidenceSpec | None = Field(None, description="What is shown with the plan as far as it is in time.")
    guards: tuple[GuardSpec, ...] = Field((), description="What refuses or warns.")
    steps: tuple[StepSpec, ...] = Field((), description="What is done, in order.")
    checks: tuple[CheckSpec, ...] = Field((), description="What must hold at the end.")
    undo_warns: tuple[UndoWarnSpec, ...] = Field((), description="What undoing a run of it warns of.")
    paths: str = Field("", description="Expression for the plan's ways in, drawn by the renderers.")
    sections: tuple[SectionSpec, ...] = Field((), description="Tables shown before the changes.")
    confirm: str = Field("", description="Expression for the name to type when a change is severe.")
    outputs: dict[str, Json] = Field({}, description="Values for scripts, known at plan time.")
    next: tuple[NextSpec, ...] = Field((), description="Commands named when a run is done.")
    notes: str = Field("", description="Text for the runbook.")


class LoadedPlaybook(Value):
    """A playbook with the hash of its text and where each part of it stands.

    `shipped` is one that came with opsctl, whatever the file's name: what counts is the text. `lines` maps a
    dotted path such as `steps.0.with.target` to line and column, both from 1. `former` says which names of the
    version before it was written in.
    """

    playbook: Playbook
    sha256: str
    source: str
    shipped: bool = False
    former: tuple[str, ...] = ()
    lines: dict[str, tuple[int, int]] = {}

    def line_of(self, path: str) -> tuple[int, int]:
        """Return line and column of a part, or of the nearest part around it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path.rpartition(".")[0]
        return (1, 1)
