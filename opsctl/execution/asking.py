"""Asks the account: resolves references, evaluates queries and judges checks, each pass on fresh reads."""

from collections.abc import Mapping, Sequence

from opsctl.expressions.evaluate import ExpressionFault, evaluate
from opsctl.model.changes import Check, Proof, Query
from opsctl.model.errors import AwsRefused, OpsctlError
from opsctl.model.networks import same
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
        found = self.find(check)
        try:
            wanted = self._unspared(self.resolve(check.value), check.spares)
            # A reference that leads to an empty list says nothing of what was found.
            says_something = check.model_copy(update={"value": wanted}).can_fail or not check.can_fail
            held = says_something and holds(check, wanted, found)
        except NotThere:
            wanted, held = check.value, False
        return CheckResult(says=check.says, held=held, expected=_wanted(check, wanted), found=self._shown(check))

    def _unspared(self, wanted: Json, spares: Query | None) -> Json:
        """Return the elements of a value but for those that need not be as they are asked to be."""
        spared = (self.find(spares) or []) if spares is not None else []
        return [one for one in wanted if not any(same(one, other) for other in spared)] if spared else wanted

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
        read = query.read.model_copy(update={"params": self.resolve(query.read.params)})
        answer = self._answer(read)
        if answer.refusal is not None and answer.refusal.kind is not RefusalKind.MISSING:
            raise AwsRefused(answer.refusal)
        return answer.value

    def _shown(self, check: Check) -> Json:
        """Return what a check found as reports and the journal may have it, without what is to be kept secret."""
        try:
            return _evaluated(check, masked(self._value(check)))
        except NotThere:
            return None

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
        return _equal(wanted, found, networks=check.networks)
    elements = found if isinstance(found, list) else []
    asked = wanted if isinstance(wanted, list) else [wanted]
    there = [any(_equal(one, other, networks=check.networks) for other in elements) for one in asked]
    if check.op == "within":
        return all(any(_equal(one, other, networks=check.networks) for other in asked) for one in elements)
    return all(there) if check.op == "contains" else not any(there)


def _equal(left: Json, right: Json, *, networks: bool) -> bool:
    if networks and isinstance(left, str) and isinstance(right, str):
        return same(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            _equal(item, right[name], networks=networks) for name, item in left.items()
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(
            _equal(one, other, networks=networks) for one, other in zip(left, right, strict=True)
        )
    return bool(left == right)


def _wanted(check: Check, wanted: Json) -> Json:
    return {"empty": "nothing", "present": "something"}.get(check.op, wanted)
