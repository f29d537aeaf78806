"""Options that a command has from the inputs of its playbook, read when it is invoked or its help is asked for."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol

import typer

from opsctl.cli.completion import complete_names, one_of
from opsctl.cli.strict import StrictCommand

if TYPE_CHECKING:
    from opsctl.model.playbook import InputSpec, LoadedPlaybook
    from opsctl.model.value import Json

PLACE = "given"
"""The parameter of a command's function at whose place the options of the playbook's inputs stand."""


@dataclass(frozen=True)
class Given:
    """What was typed for the inputs of a playbook, and for each input what to call it in messages."""

    playbook: "LoadedPlaybook"
    values: "Mapping[str, Json]"
    flags: Mapping[str, str]

    def but(self, **values: "Json") -> "Given":
        """Return the same with some inputs added or replaced, by what a command makes of its own options."""
        return replace(self, values={**self.values, **values})

    def path(self, name: str) -> Path | None:
        """Return the file that an input names, if it names one."""
        return Path(self.values[name]) if self.values[name] else None

    def told_as(self, **flags: str) -> "Given":
        """Return the same with some inputs called differently in messages."""
        return replace(self, flags={**self.flags, **flags})

    @property
    def flags_of_fields(self) -> Mapping[str, str]:
        """The flags, also by the names that the facts have for what an input gives them."""
        fields = {
            field: self.flags[name]
            for fact in self.playbook.playbook.facts.values()
            for field, value in fact.with_.items()
            for name in self.flags
            if value == f"=inputs.{name}"
        }
        return {**fields, **self.flags}


class InputsCommand(StrictCommand):
    """A command whose options are the inputs of a playbook, but for those that its function declares itself."""

    playbook: ClassVar[str]

    @cached_property
    def _loaded(self) -> "LoadedPlaybook":
        from opsctl.playbook.load import load_playbook

        return load_playbook(self.playbook)

    @cached_property
    def _of_inputs(self) -> list[Any]:
        own = {parameter.name for parameter in self.params}
        specs = self._loaded.playbook.inputs
        return _parameters_of({name: spec for name, spec in specs.items() if name not in own})

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, those of the inputs at their place."""
        found: list[Any] = []
        for parameter in super().get_params(ctx):
            found += self._of_inputs if parameter.name == PLACE else [parameter]
        return found

    def invoke(self, ctx: Any) -> Any:
        """Call the function with what was typed for the inputs as one value."""
        specs = self._loaded.playbook.inputs
        typed = {one.name: _plain(specs[one.name], ctx.params.pop(one.name)) for one in self._of_inputs}
        flags = {name: flag_of(name, spec) for name, spec in specs.items()}
        ctx.params[PLACE] = Given(self._loaded, typed, flags)
        return super().invoke(ctx)


class ChoosingCommand(InputsCommand):
    """A command of several playbooks: it has the options of all, and what was typed tells which of them runs.

    An option that several have is declared by the first. `renamed` says, for a playbook, which of its inputs an
    argument of the first one stands for.
    """

    others: ClassVar[tuple[str, ...]]
    renamed: ClassVar[Mapping[str, Mapping[str, str]]]
    choose: ClassVar[Callable[["Mapping[str, Json]"], str]]

    @cached_property
    def _all(self) -> "dict[str, LoadedPlaybook]":
        from opsctl.playbook.load import load_playbook

        return {self.playbook: self._loaded, **{name: load_playbook(name) for name in self.others}}

    @cached_property
    def _specs(self) -> "dict[str, InputSpec]":
        """The inputs of all; what is not required by each is asked for by the playbook that runs."""
        books = [one.playbook.inputs for one in self._all.values()]
        renamed = {name for names in self.renamed.values() for name in names.values()}
        found: dict[str, InputSpec] = {}
        for inputs in books:
            for name, spec in inputs.items():
                if name not in found and name not in renamed - set(books[0]):
                    needed = spec.argument or all(name in one and one[name].required for one in books)
                    found[name] = spec if needed else spec.model_copy(update={"required": False})
        return found

    @cached_property
    def _of_inputs(self) -> list[Any]:
        own = {parameter.name for parameter in self.params}
        return _parameters_of({name: spec for name, spec in self._specs.items() if name not in own})

    def invoke(self, ctx: Any) -> Any:
        """Choose the playbook, refuse what says nothing to it, and call the function."""
        typed = {one.name: _plain(self._specs[one.name], ctx.params.pop(one.name)) for one in self._of_inputs}
        flags = {name: flag_of(name, spec) for name, spec in self._specs.items()}
        chosen = type(self).choose(typed)
        names = self.renamed.get(chosen, {})
        wanted = self._all[chosen].playbook.inputs
        foreign = [
            flags[name]
            for name, value in typed.items()
            if names.get(name, name) not in wanted
            and value not in (self._specs[name].default, None, "", [], False)
        ]
        if foreign:
            raise typer.BadParameter(
                "it says nothing here; --help tells what belongs together", param_hint=foreign
            )
        mine = [name for name in typed if names.get(name, name) in wanted]
        values = {names.get(name, name): typed[name] for name in mine}
        told = {names.get(name, name): flags[name] for name in mine}
        ctx.params[PLACE] = Given(self._all[chosen], values, told)
        return super(InputsCommand, self).invoke(ctx)


def inputs_of_several(
    playbook: str,
    *others: str,
    choose: "Callable[[Mapping[str, Json]], str]",
    renamed: Mapping[str, Mapping[str, str]] | None = None,
) -> type[InputsCommand]:
    """Return the class of the commands that run one of several shipped playbooks; `choose` names it."""
    members = {
        "playbook": playbook,
        "others": others,
        "renamed": renamed or {},
        "choose": staticmethod(choose),
    }
    return type("ChoosingCommand", (ChoosingCommand,), members)


def inputs_of(playbook: str) -> type[InputsCommand]:
    """Return the class of the commands that have their options from a shipped playbook."""
    return type("InputsCommand", (InputsCommand,), {"playbook": playbook})


def flag_of(name: str, spec: "InputSpec") -> str:
    """Return what an input is called on the command line."""
    if spec.argument:
        return spec.metavar.rstrip(".") or name.upper()
    return spec.alias or f"--{name.replace('_', '-')}"


class _Function(Protocol):
    __signature__: inspect.Signature
    __annotations__: dict[str, Any]


def _parameters_of(specs: "Mapping[str, InputSpec]") -> list[Any]:
    """Have typer make parameters of inputs, as it does of a function that declares them."""

    def declared() -> None: ...

    parameters = [_parameter(name, spec) for name, spec in specs.items()]
    function: Callable[..., None] = declared
    signed: _Function = declared  # type: ignore[assignment]
    signed.__signature__ = inspect.Signature(parameters)
    signed.__annotations__ = {one.name: one.annotation for one in parameters}
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return list(typer.main.get_command(app).params)


_KINDS: dict[str, type] = {"int": int, "bool": bool, "path": Path}


def _parameter(name: str, spec: "InputSpec") -> inspect.Parameter:
    kind: Any = _KINDS.get(spec.of if spec.type == "list" else spec.type, str)
    default: Any = spec.default
    if spec.type == "list":
        kind, default = list[kind], default or None
    elif kind is str:
        default = default or ""
    if default in (None, "") and (spec.type == "list" or kind is Path):
        kind, default = kind | None, None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if spec.required else default,
        annotation=Annotated[kind, _declared(name, spec)],
    )


def _declared(name: str, spec: "InputSpec") -> Any:
    """Return the typer declaration of an input: its name, what stands for its value, its help and its bounds."""
    flag = flag_of(name, spec)
    told: dict[str, Any] = {"help": spec.help, "metavar": _metavar(spec), "min": spec.min, "max": spec.max}
    offered = _offered(name, spec)
    if offered is not None:
        told["autocompletion"] = offered
    return (
        typer.Argument(**(told | {"metavar": spec.metavar or flag}))
        if spec.argument
        else typer.Option(flag, **told)
    )


_OF_THE_SANDBOX = {"target": "target", "instance": "instance", "queue": "dead-letter-queue", "source": "source"}
"""The inputs whose values the sandbox has names for, and the kind of thing that they name."""


def _offered(name: str, spec: "InputSpec") -> Callable[..., Any] | None:
    """Return what the shell offers for an input: its choices, or what the sandbox has."""
    choices = spec.values
    if choices:
        return one_of(*choices)
    return complete_names(_OF_THE_SANDBOX[name]) if name in _OF_THE_SANDBOX and spec.type == "string" else None


def _metavar(spec: "InputSpec") -> str | None:
    if spec.metavar:
        return spec.metavar
    if spec.values:
        return f"<{'|'.join(spec.values)}>"
    return f"<{spec.type}>" if spec.type in ("duration", "arn") else None


def _plain(spec: "InputSpec", value: Any) -> "Json":
    """Return what was typed as a playbook takes it; a file by its whole path, for a run may go on elsewhere."""
    if spec.type == "list":
        return list(value or ())
    if isinstance(value, Path):
        return str(value.absolute())
    return "" if value is None else value
