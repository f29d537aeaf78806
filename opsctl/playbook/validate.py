"""Checks a loaded playbook against the plug-ins and the installed AWS service models; needs no network."""

from collections.abc import Iterator
from contextlib import suppress

from pydantic import ValidationError

from opsctl.expressions.evaluate import is_expression
from opsctl.expressions.shapes import (
    ANYTHING,
    Shape,
    items_of,
    kind_of,
    record,
    scalar,
    shape_of_inputs,
    shape_of_model,
)
from opsctl.expressions.typecheck import check_expression
from opsctl.model.commands import local_command
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.dossier import Inquiry
from opsctl.model.playbook import EvidenceSpec, FactSpec, LoadedPlaybook, StepSpec, UndoCall
from opsctl.model.ports import ServiceModels
from opsctl.model.readonly import why_no_read
from opsctl.model.registry import Registry
from opsctl.model.run import Action, Fact
from opsctl.model.value import Json
from opsctl.planning.scope import step_references_in
from opsctl.playbook.call_params import param_faults
from opsctl.playbook.shape_faults import MANY, Enough, did_you_mean, faults_of

_RUN = record({name: scalar("string") for name in ("id", "account", "region", "partition", "caller")})


def validate_playbook(loaded: LoadedPlaybook, registry: Registry, models: ServiceModels) -> list[Diagnostic]:
    """Return every fault: unknown plug-ins and fields, calls AWS does not have, expressions that cannot work."""
    validator = _Validator(loaded, registry, models)
    with suppress(Enough):
        validator.check()
    return sorted(validator.faults, key=lambda fault: (fault.where.line, fault.where.column))


class _Validator:
    def __init__(self, loaded: LoadedPlaybook, registry: Registry, models: ServiceModels) -> None:
        self._loaded = loaded
        self._book = loaded.playbook
        self._registry = registry
        self._models = models
        self._inputs = shape_of_inputs(self._book.inputs)
        self.faults: list[Diagnostic] = []

    def check(self) -> None:
        facts = {name: self._fact(name, spec) for name, spec in self._book.facts.items()}
        root = record({"inputs": self._inputs, "facts": record(facts), "run": _RUN})
        for name, spec in self._book.facts.items():
            self._values(spec.with_, f"facts.{name}.with", root)
            self._values(spec.params, f"facts.{name}.params", root)
        if self._book.evidence is not None:
            self._evidence(self._book.evidence)
        for number, guard in enumerate(self._book.guards):
            kind, expression = guard.expression
            self._expression(expression, f"guards.{number}.{kind}", root)
        for number, step in enumerate(self._book.steps):
            self._step(step, f"steps.{number}", root)
        checked = record({"inputs": self._inputs, "facts": record(facts)})
        for number, check in enumerate(self._book.checks):
            self._expression(check.none, f"checks.{number}.none", checked)
            for part, scope in (("shows", checked), ("tells", checked), *((one, root) for one in _PLANNED)):
                if getattr(check, part):
                    self._expression(getattr(check, part), f"checks.{number}.{part}", scope)
        for number, one in enumerate(self._book.undo_warns):
            self._expression(one.warn, f"undo_warns.{number}.warn", checked)
        for number, section in enumerate(self._book.sections):
            path = f"sections.{number}"
            rows = self._expression(section.rows, f"{path}.rows", root)
            for heading, expression in section.columns.items():
                self._expression(expression, f"{path}.columns.{heading}", items_of(rows))
        for number, following in enumerate(self._book.next):
            if following.when:
                self._expression(following.when, f"next.{number}.when", root)
            self._values(following.opsctl, f"next.{number}.opsctl", root)
        for part in ("paths", "confirm"):
            if getattr(self._book, part):
                self._expression(getattr(self._book, part), part, root)
        self._values(self._book.title, "title", root)
        self._values(self._book.outputs, "outputs", root)

    def _fact(self, name: str, spec: FactSpec) -> Shape:
        path = f"facts.{name}"
        if spec.uses:
            fact = self._registry.facts.get(spec.uses)
            if fact is None:
                self._unknown("fact", spec.uses, list(self._registry.facts), f"{path}.uses")
                return ANYTHING
            self._arguments(fact, spec.with_, f"{path}.with")
            return shape_of_model(fact.Result)
        answer = self._read(spec.read, spec.params, f"{path}.read", f"{path}.params")
        if not spec.query:
            return answer
        return self._expression(spec.query, f"{path}.query", answer)

    def _evidence(self, spec: EvidenceSpec) -> None:
        """It is found out while facts are looked up, so that its arguments can be of inputs alone."""
        fact = self._registry.facts.get(spec.uses)
        if fact is None:
            self._unknown("fact", spec.uses, list(self._registry.facts), "evidence.uses")
        elif not issubclass(fact, Inquiry):
            said = f"{spec.uses} is no fact of several sources"
            self._fault("uses", said, "evidence.uses", spec.uses, "write it under facts")
        else:
            self._arguments(fact, spec.with_, "evidence.with")
        self._values(spec.with_, "evidence.with", record({"inputs": self._inputs, "run": _RUN}))

    def _step(self, step: StepSpec, path: str, root: Shape) -> None:
        if step.when:
            self._expression(step.when, f"{path}.when", root)
        if step.foreach:
            found = self._expression(step.foreach, f"{path}.foreach", root)
            if kind_of(found) not in ("array", ""):
                self._fault("foreach", f"a list is needed, this is a {kind_of(found)}", f"{path}.foreach")
            root = record(root["properties"] | {"each": items_of(found)})
        if step.uses:
            action = self._registry.actions.get(step.uses)
            if action is None:
                self._unknown("action", step.uses, list(self._registry.actions), f"{path}.uses")
            else:
                self._arguments(action, step.with_, f"{path}.with")
        else:
            self._call(step, path)
        for part, value in step.model_dump(by_alias=True).items():
            if part not in ("when", "foreach"):
                self._values(value, f"{path}.{part}", root)
        for name, output in step_references_in(step.model_dump(by_alias=True)):
            self._output(name, output, path)

    def _call(self, step: StepSpec, path: str) -> None:
        self._operation(step.call, step.params, f"{path}.call", f"{path}.params")
        if isinstance(step.undo, UndoCall):
            self._operation(step.undo.call, step.undo.params, f"{path}.undo.call", f"{path}.undo.params")
        for part, lines in (("expect", step.expect), ("proof", step.proof)):
            for number, line in enumerate(lines):
                here = f"{path}.{part}.{number}"
                answer = self._read(line.read, line.params, f"{here}.read", f"{here}.params")
                self._expression(line.query, f"{here}.query", answer)
                if (part, number) == ("proof", 0):
                    for name, query in step.outputs.items():
                        self._expression(query, f"{path}.outputs.{name}", answer)

    def _output(self, name: str, output: str, path: str) -> None:
        for step in self._book.steps:
            if step.id == name and step.uses in self._registry.actions:
                known = self._registry.actions[step.uses].outputs
                if output not in known:
                    hint = did_you_mean(output, known)
                    self._fault("reference", f"{step.uses} has no output {output!r}", path, hint=hint)

    def _arguments(self, plugin: type[Fact] | type[Action], given: dict[str, Json], path: str) -> None:
        literal = {name: value for name, value in given.items() if not _has_expression(value)}
        fields = plugin.model_fields
        names = {field.alias or name for name, field in fields.items()}
        for name in given:
            if name not in names:
                hint = did_you_mean(name, sorted(names))
                self._fault("with", f"{plugin.name} has no field {name!r}", f"{path}.{name}", name, hint)
        try:
            plugin.model_validate(literal)
        except ValidationError as error:
            self.faults += [
                fault
                for fault in faults_of(error, plugin, self._loaded.source, self._loaded.line_of, path)
                if not _is_about(fault, given, path)
            ]

    def _read(self, api: str, params: dict[str, Json], path: str, params_path: str) -> Shape:
        if not self._operation(api, params, path, params_path):
            return ANYTHING
        service, _, operation = api.partition(".")
        why = why_no_read(service, operation, params)
        if why:
            self._fault("read", f"{api} {why}; facts and checks only read", path, api)
        shape: Shape = self._models.output_shape(service, operation)
        return shape

    def _operation(self, api: str, params: dict[str, Json], path: str, params_path: str) -> bool:
        service, dot, operation = api.partition(".")
        if service not in self._models.services():
            hint = did_you_mean(service, sorted(self._models.services())) if dot else "write service.Operation"
            self._fault("service", f"there is no AWS client {service!r}", path, api, hint)
            return False
        known = self._models.operations(service)
        if operation not in known:
            hint = did_you_mean(operation, sorted(known))
            self._fault("operation", f"{service} has no operation {operation!r}", path, api, hint)
            return False
        schema = self._models.input_shape(service, operation)
        for where, summary, hint in param_faults(schema, params, params_path):
            self._fault("params", summary, where, "", hint)
        return True

    def _values(self, value: Json, path: str, root: Shape) -> None:
        for here, expression in _expressions(value, path):
            if not step_references_in(f"={expression}"):
                self._expression(expression, here, root)

    def _expression(self, expression: str, path: str, root: Shape) -> Shape:
        shape, faults = check_expression(expression.removeprefix("="), root)
        for text in faults:
            self._fault("expression", text, path, expression)
        return shape

    def _unknown(self, what: str, name: str, known: list[str], path: str) -> None:
        listed = f"{local_command('doctor')} lists the packages that plug-ins come from"
        hint = " ".join(filter(None, [did_you_mean(name, known), listed]))
        self._fault("uses", f"there is no {what} {name!r}", path, name, hint)

    def _fault(self, code: str, summary: str, path: str, offending: str = "", hint: str = "") -> None:
        if len(self.faults) >= MANY:
            raise Enough
        line, column = self._loaded.line_of(path)
        where = Where(source=self._loaded.source, line=line, column=column)
        fault = Diagnostic(code=code, summary=summary, where=where, offending=offending, hint=hint)
        if fault not in self.faults:
            self.faults.append(fault)


_PLANNED = ("when", "stays", "foretells")
"""The expressions of a check that are evaluated when the plan is made."""


def _expressions(value: Json, path: str) -> Iterator[tuple[str, str]]:
    if is_expression(value):
        yield path, value[1:]
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _expressions(item, f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _expressions(item, f"{path}.{number}")


def _has_expression(value: Json) -> bool:
    return any(True for _ in _expressions(value, ""))


def _is_about(fault: Diagnostic, given: dict[str, Json], path: str) -> bool:
    """A field that is given as an expression is not missing; unknown fields are reported by name already."""
    return fault.code == "extra_forbidden" or (
        fault.code == "missing" and any(fault.summary.startswith(f"{path}.{name}:") for name in given)
    )
