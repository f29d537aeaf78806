"""Asks the account: resolves references, evaluates queries and judges checks, each pass on fresh reads."""

from collections.abc import Hashable, Mapping, Sequence

from opsctl.execution.comparing import comparable
from opsctl.expressions.evaluate import ExpressionFault, evaluate
from opsctl.model.changes import Check, Proof, Query
from opsctl.model.errors import AwsRefused, OpsctlError
from opsctl.model.networks import one_text
from opsctl.model.ports import Aws
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.references import with_references
from opsctl.model.report import CheckResult
from opsctl.model.secrets import masked
from opsctl.model.value import Json


class NotThere(Exception):
    """A reference leads to something that does not exist (yet, or any more)."""


class Asking:
    """One pass over the account: equal reads are made once, so that checks on one document agree."""

    def __init__(self, aws: Aws, outputs: Mapping[str, Query]) -> None:
        self._aws = aws
        self._outputs = outputs
        self._answers: dict[str, Answer] = {}
        self._shown: dict[str, Json] = {}
        self._found: dict[str, Json] = {}

    def resolve(self, value: Json) -> Json:
        """Replace references by what their reads answer now.

        Raises:
            NotThere: a reference leads to nothing.
            AwsRefused: its read was refused.
        """
        return with_references(value, self._output)

    def find(self, query: Query) -> Json:
        """Evaluate a query; a resource that is not there finds null.

        Raises:
            AwsRefused: the read was refused for another reason than a missing resource.
        """
        try:
            return _evaluated(query, self._value(query))
        except NotThere:
            return None

    def judge(self, check: Check) -> CheckResult:
        """Tell whether a predicate holds now, and what was found."""
        found, shown = self._found_in(check)
        try:
            wanted = self._unspared(self.resolve(check.value), check.spares)
            # A reference that leads to an empty list says nothing of what was found.
            says_something = check.model_copy(update={"value": wanted}).can_fail or not check.can_fail
            held = says_something and holds(check, wanted, found)
        except NotThere:
            wanted, held = check.value, False
        return CheckResult(says=check.says, held=held, expected=_wanted(check, wanted), found=shown)

    def _unspared(self, wanted: Json, spares: Query | None) -> Json:
        """Return the elements of a value but for those that need not be as they are asked to be."""
        spared = (self.find(spares) or []) if spares is not None else []
        kept = {one_text(one) for one in spared}
        return [one for one in wanted if one_text(one) not in kept] if kept else wanted

    def judge_all(self, checks: Sequence[Check]) -> tuple[CheckResult, ...]:
        """Judge several predicates in one pass."""
        return tuple(self.judge(check) for check in checks)

    def prove(self, proof: Proof) -> tuple[CheckResult, ...]:
        """Judge whether a change is made; there is always a result, for what says nothing proves nothing."""
        results = self.judge_all(proof.configured)
        if proof.gone:
            results = (*results, self._gone(proof.gone))
        if not proof.can_fail:
            results = (*results, CheckResult(says="a proof is defined", held=False))
        return results

    def _gone(self, checks: Sequence[Check]) -> CheckResult:
        """Tell whether what was made is there no more, as a whole."""
        made = self.judge_all(checks)
        there = all(result.held for result in made)
        says = "; ".join(check.says for check in checks)
        return CheckResult(says=f"it no longer holds that {says}", held=not there, found=[r.found for r in made])

    def _value(self, query: Query) -> Json:
        return self._value_of(self._read(query))

    def _read(self, query: Query) -> Read:
        """The read of a query, without references."""
        params = self.resolve(query.read.params)
        return query.read if params == query.read.params else query.read.model_copy(update={"params": params})

    def _value_of(self, read: Read) -> Json:
        answer = self._answer(read)
        if answer.refusal is not None and answer.refusal.kind is not RefusalKind.MISSING:
            raise AwsRefused(answer.refusal)
        return answer.value

    def _found_in(self, check: Check) -> tuple[Json, Json]:
        """Return what a check finds, and that as reports and the journal may have it: without what is secret."""
        try:
            read = self._read(check)
        except NotThere:
            return None, None
        value = self._value_of(read)
        if read.key not in self._shown:
            self._shown[read.key] = masked(value)
        shown = self._shown[read.key]
        found = _evaluated(check, value)
        return found, found if shown == value else _evaluated(check, shown)

    def _answer(self, read: Read) -> Answer:
        if read.key not in self._answers:
            self._answers[read.key] = self._aws.read(read)
        return self._answers[read.key]

    def _output(self, text: str) -> Json:
        if text not in self._found:
            if text not in self._outputs:
                raise NotThere(text)
            self._found[text] = self.find(self._outputs[text])
        if self._found[text] is None:
            raise NotThere(text)
        return self._found[text]


def _evaluated(query: Query, value: Json) -> Json:
    try:
        return evaluate(query.query, value)
    except ExpressionFault as fault:
        raise OpsctlError(
            f"the answer of {query.read.api} cannot be evaluated: {fault}", "check the playbook"
        ) from None


def holds(check: Check, wanted: Json, found: Json) -> bool:
    """Compare what was wanted with what was found, by the check's own comparison."""
    if check.op == "empty":
        return found in (None, "", [], {})
    if check.op == "present":
        return found not in (None, "", [], {})
    if check.op == "equals":
        return bool(comparable(wanted, networks=check.networks) == comparable(found, networks=check.networks))
    elements = _each(found if isinstance(found, list) else [], check)
    asked = _each(wanted if isinstance(wanted, list) else [wanted], check)
    if check.op == "within":
        return elements <= asked
    if check.op == "lacks":
        return not asked <= elements
    if check.op == "meets":
        return not asked.isdisjoint(elements)
    return asked <= elements if check.op == "contains" else asked.isdisjoint(elements)


def missing_of(check: Check, wanted: Sequence[Json], found: Json) -> list[str]:
    """Return the elements of what was wanted that were not found, by the check's own comparison."""
    there = _each(found if isinstance(found, list) else [], check)
    return [str(one) for one in wanted if comparable(one, networks=check.networks) not in there]


def _each(items: Sequence[Json], check: Check) -> set[Hashable]:
    return {comparable(item, networks=check.networks) for item in items}


def _wanted(check: Check, wanted: Json) -> Json:
    return {"empty": "nothing", "present": "something"}.get(check.op, wanted)
