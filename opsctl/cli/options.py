"""Switches that many commands share, declared once and spliced into each command's signature."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from opsctl.cli.completion import complete_guards, complete_profiles, complete_regions, one_of
from opsctl.cli.notifications import WEBHOOK, refuse_bad_destinations
from opsctl.cli.playbook_options import Given
from opsctl.model.commands import SANDBOX, completed


class Output(StrEnum):
    """The forms a result can take."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    SHORT = "short"
    MERMAID = "mermaid"
    SVG = "svg"


OF_PLANS = (Output.TEXT, Output.JSON, Output.MARKDOWN, Output.HTML, Output.SHORT)
"""The forms that plans and runs have."""


@dataclasses.dataclass(frozen=True)
class Offered:
    """What of the options of a group a command offers: forms of its result, and all but some options."""

    forms: tuple[Output, ...]
    without: tuple[str, ...] = ()


_GIVEN = Annotated[str | None, typer.Option(hidden=True)]
_ACCOUNT = "Account"
_SHOWING = "Output"
_PLANNING = "Plan and apply"

NotifyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--notify",
        metavar="ARN|webhook",
        help="Tell an SNS topic, or the webhook of your configuration, how the run ends; repeatable.",
        rich_help_panel=_PLANNING,
        autocompletion=one_of(WEBHOOK),
    ),
]


@dataclasses.dataclass(frozen=True)
class AccountOptions:
    """Which account to talk to."""

    profile: Annotated[
        str, typer.Option(help="AWS profile.", rich_help_panel=_ACCOUNT, autocompletion=complete_profiles)
    ] = ""
    region: Annotated[
        str, typer.Option(help="AWS region.", rich_help_panel=_ACCOUNT, autocompletion=complete_regions)
    ] = ""
    role_arn: Annotated[str, typer.Option(help="Role to assume.", rich_help_panel=_ACCOUNT)] = ""
    endpoint_url: Annotated[str, typer.Option(help="Endpoint to call.", rich_help_panel=_ACCOUNT)] = ""
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Use the embedded AWS.", rich_help_panel=_ACCOUNT)] = (
        False
    )

    def words(self) -> tuple[str, ...]:
        """Return the switches that lead to the account; in the sandbox only region and role count."""
        switches = {"--region": self.region}
        if not self.sandbox:
            switches["--profile"] = self.profile
        switches["--role-arn"] = self.role_arn
        if not self.sandbox:
            switches["--endpoint-url"] = self.endpoint_url
        typed = tuple(word for name, value in switches.items() if value for word in (name, value))
        return (SANDBOX, *typed) if self.sandbox else typed

    def after(self, first: "AccountOptions") -> "AccountOptions":
        """Return these with what was typed before the command.

        Raises:
            BadParameter: a switch stands at both places and does not say the same.
        """
        joined = {}
        for field in dataclasses.fields(self):
            before, behind = getattr(first, field.name), getattr(self, field.name)
            if before and behind and before != behind:
                fault = f"it is {before!r} before the command and {behind!r} behind it"
                raise typer.BadParameter(fault, param_hint=f"--{field.name.replace('_', '-')}")
            joined[field.name] = behind or before
        return AccountOptions(**joined)


@dataclasses.dataclass(frozen=True)
class ShowOptions:
    """How to show the result."""

    output: Annotated[
        Output, typer.Option("-o", "--output", help="Form of the result.", rich_help_panel=_SHOWING)
    ] = Output.TEXT
    query: Annotated[
        str, typer.Option(help="JMESPath over the JSON, which it implies.", rich_help_panel=_SHOWING)
    ] = ""
    raw: Annotated[
        bool,
        typer.Option("-r", "--raw", help="Print the strings that --query finds bare.", rich_help_panel=_SHOWING),
    ] = False
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.", rich_help_panel=_SHOWING)] = False
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Show checks and reads.", rich_help_panel=_SHOWING)
    ] = False
    details: Annotated[
        bool,
        typer.Option("-d", "--details", help="Each call, check and undo, whole.", rich_help_panel=_SHOWING),
    ] = False
    debug: Annotated[bool, typer.Option("--debug", help="SDK log and tracebacks.", rich_help_panel=_SHOWING)] = (
        False
    )

    def refuse_others(self, forms: Sequence[Output], when: str) -> None:
        """Refuse a form that the command has, but not for what was asked for; raises BadParameter."""
        if self.output not in forms:
            known = ", ".join(repr(form.value) for form in forms)
            raise typer.BadParameter(
                f"{self.output.value!r} is not one of {known} {when}", param_hint="'--output'"
            )

    @property
    def whole(self) -> bool:
        """Whether text is to have everything; `--verbose` adds the checks to that."""
        return self.details or self.verbose

    def whole_by_default(self) -> None:
        """Show everything, for a command that is asked for nothing else."""
        object.__setattr__(self, "details", True)

    def __post_init__(self) -> None:
        """Take a query for a wish for JSON; refuse at once one that is none, or a form that it cannot ask.

        The form itself was chosen among those that the command offers.
        """
        object.__setattr__(self, "output", Output(self.output))
        if not self.query:
            if self.raw:
                raise typer.BadParameter("it prints what --query finds, so give one", param_hint="--raw")
            return
        from opsctl.render.json_text import refuse_bad_query

        refuse_bad_query(self.query)
        if self.output not in (Output.TEXT, Output.JSON):
            raise typer.BadParameter(f"it selects from JSON, not from {self.output}", param_hint="--query")
        object.__setattr__(self, "output", Output.JSON)


LookOptions = Annotated[
    ShowOptions, Offered(forms=(Output.TEXT, Output.JSON, Output.MARKDOWN), without=("details",))
]
"""Of a command that looks at something: there is no more to it than it shows."""

JsonOptions = Annotated[ShowOptions, Offered(forms=(Output.TEXT, Output.JSON), without=("details", "verbose"))]
"""Of a command with a small result of its own."""

DrawingOptions = Annotated[
    ShowOptions, Offered(forms=(Output.TEXT, Output.JSON, Output.MERMAID, Output.SVG), without=("details",))
]
"""Of a command whose result is a drawing."""


@dataclasses.dataclass(frozen=True)
class ApplyOptions:
    """How to go from a plan to the account."""

    dry_run: Annotated[
        bool,
        typer.Option("-n", "--dry-run", help="Show the plan, change nothing.", rich_help_panel=_PLANNING),
    ] = False
    detailed_exitcode: Annotated[
        bool,
        typer.Option(
            "--detailed-exitcode",
            help="With --dry-run: exit 5 when there are changes.",
            rich_help_panel=_PLANNING,
        ),
    ] = False
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.", rich_help_panel=_PLANNING)] = False
    confirm: Annotated[
        str, typer.Option(help="The target's name, for severe risk.", rich_help_panel=_PLANNING)
    ] = ""
    max_changes: Annotated[
        int, typer.Option(min=0, help="Refuse larger plans; 0: as configured.", rich_help_panel=_PLANNING)
    ] = 0
    skip_permission_check: Annotated[
        bool,
        typer.Option(
            "--skip-permission-check", help="Do not check permissions with IAM first.", rich_help_panel=_PLANNING
        ),
    ] = False
    notify: NotifyOption = None

    def __post_init__(self) -> None:
        """Refuse at once what nobody can be told by."""
        refuse_bad_destinations(self.notify or ())


@dataclasses.dataclass(frozen=True)
class PlanOptions:
    """How to make a plan."""

    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            help="Override a guard by name; repeatable.",
            rich_help_panel=_PLANNING,
            autocompletion=complete_guards,
        ),
    ] = None
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            help="Accept a finding of the plan, by name; repeatable.",
            rich_help_panel=_PLANNING,
            autocompletion=complete_guards,
        ),
    ] = None
    out: Annotated[Path | None, typer.Option(help="Save the plan here.", rich_help_panel=_PLANNING)] = None

    @property
    def named(self) -> dict[str, str]:
        """The guards that were named, each with the switch that named it; both switches take any of them."""
        return dict.fromkeys(self.accept or (), "--accept") | dict.fromkeys(self.override or (), "--override")


@dataclasses.dataclass(frozen=True)
class _Group:
    """A dataclass of options in the signature of a command, and what of it the command offers."""

    kind: Any
    offered: Offered | None

    @property
    def fields(self) -> tuple[str, ...]:
        without = self.offered.without if self.offered else ()
        return tuple(one.name for one in dataclasses.fields(self.kind) if one.name not in without)

    def parameters(self) -> list[inspect.Parameter]:
        """Return a parameter for each option, with no other forms to choose from than are offered."""
        hints = get_type_hints(self.kind, include_extras=True)
        defaults = {one.name: one.default for one in dataclasses.fields(self.kind)}
        return [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=self._hint(hints[name])
            )
            for name in self.fields
        ]

    def _hint(self, hint: Any) -> Any:
        kind, *more = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if kind is not Output:
            return hint
        forms = self.offered.forms if self.offered else OF_PLANS
        return Annotated[StrEnum("Form", {form.name: form.value for form in forms}), *more]


def _group_of(hint: Any) -> _Group | None:
    """Return the dataclass of options that a parameter is, if it is one; `Given` only keeps a place."""
    kind, *more = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    if not dataclasses.is_dataclass(kind) or kind is Given:
        return None
    return _Group(kind, next((one for one in more if isinstance(one, Offered)), None))


def spliced(function: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter that is a dataclass of options by the options in it.

    The command line parser sees them all; the function receives the dataclasses filled. A parameter that is
    `Given` only keeps the place of the options that `InputsCommand` reads from a playbook.
    """
    hints = get_type_hints(function, include_extras=True)
    groups = {name: group for name, hint in hints.items() if (group := _group_of(hint))}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in groups:
            parameters += groups[parameter.name].parameters()
        elif hints[parameter.name] is Given:
            parameters.append(parameter.replace(annotation=_GIVEN, default=None))
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))

    @functools.wraps(function)
    def command(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = _whole(group.kind(**{field: values.pop(field) for field in group.fields}))
        try:
            function(**values)
        except Exception as fault:
            _complete(fault, values.get("account"))
            raise

    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    command.__signature__ = inspect.Signature(keyword)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in keyword}
    return command


def _whole(options: Any) -> Any:
    """Add to the options of a command what was typed before it."""
    from typer._click.globals import get_current_context

    context = get_current_context(silent=True)
    first = context.find_root().obj if context else None
    if isinstance(options, AccountOptions) and isinstance(first, AccountOptions):
        return options.after(first)
    return options


def _complete(fault: Exception, account: object) -> None:
    """Put the switches that were typed into the commands of an error's hint, whose author does not know them."""
    from opsctl.model.errors import InvalidInput, OpsctlError

    if not (isinstance(fault, OpsctlError) and isinstance(account, AccountOptions)):
        return
    switches = account.words()
    fault.hint = completed(fault.hint, switches)
    if isinstance(fault, InvalidInput):
        fault.diagnostics = tuple(
            one.model_copy(update={"hint": completed(one.hint, switches)}) for one in fault.diagnostics
        )
