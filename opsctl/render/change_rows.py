"""A change in rows for whoever reviews it: parameters whole, reasons once, the risk where it differs."""

import json
from collections import Counter
from collections.abc import Mapping

from opsctl.model.changes import Change, Instruction, Risk
from opsctl.model.paths import Paths
from opsctl.model.plan import Plan
from opsctl.model.sentences import sentence, sentences
from opsctl.model.value import Json, canonical
from opsctl.render.instruction_words import asked_words, call_of, details_of, readable, undo_details, undo_of

_INLINE = 66

Row = tuple[str, str]


class ChangeRows:
    """Lists what is to be said of one change after the other, and remembers what it has said."""

    def __init__(self, plan: Plan, paths: Paths | None, queries: Mapping[str, str]) -> None:
        """Begin with what the ways in have said already."""
        self._queries = queries
        reasons = [one.reason for way in paths.ways for one in way.layers] if paths else []
        self._said = {part for reason in reasons for part in sentences(sentence(reason))}
        risks = Counter(_risk_words(change.risk) for change in plan.changes)
        common, times = risks.most_common(1)[0] if risks else ("", 0)
        self.usual_risk = common if times > 1 else ""

    def of(self, change: Change, *, verbose: bool) -> list[Row]:
        """Return the rows of a change; `verbose` has what exactly is asked, and where the change comes from."""
        why = self._new(change.why)
        rows = [("why", why)] if why else []
        rows.append(("call", call_of(change)))
        rows += [("", line) for line in laid_out_details(change, self._queries)]
        for name, checks in (
            ("expect", change.expect),
            ("proof", change.proof.configured),
            ("effective", change.proof.effective),
            ("waits if", change.proof.possible),
        ):
            rows += [(name, asked_words(check) if verbose else check.says) for check in checks]
        rows += [("only if", check.says) for check in change.only_if]
        rows.append(("undo", undo_of(change)))
        rows += [("", line) for line in undo_details(change, self._queries) if verbose]
        if _risk_words(change.risk) != self.usual_risk:
            rows.append(("risk", _risk_words(change.risk)))
        rows += [("" if number else "affects", line) for number, line in enumerate(change.risk.affects)]
        if change.risk.owner:
            rows.append(("owner", f"{change.risk.owner} will revert this change when it is deployed again"))
        return [*rows, ("from", change.origin)] if verbose else rows

    def _new(self, text: str) -> str:
        """Return the sentences of a text that were not said before."""
        parts = [part for part in sentences(sentence(text)) if part and part not in self._said]
        self._said.update(parts)
        return " ".join(parts)


def _risk_words(risk: Risk) -> str:
    return f"{risk.severity}: {risk.note}" if risk.note else str(risk.severity)


def laid_out_details(instruction: Instruction, queries: Mapping[str, str]) -> list[str]:
    """List what is told to the call, whole; what does not fit on a line is laid out over several."""
    if instruction.kind == "job":
        return details_of(instruction, queries)
    lines: list[str] = []
    for name, value in instruction.params.items():
        parsed = _document(value) if isinstance(value, str) and len(value) > _INLINE else None
        text = " (as JSON text)" if parsed is not None else ""
        first, *rest = _laid_out(readable(value if parsed is None else parsed, queries), len(name) + 3)
        lines += [f"{name}{text} = {first}", *rest]
    return lines + details_of(instruction.model_copy(update={"params": {}}), queries)


def _document(text: str) -> dict[str, Json] | None:
    """Return the JSON object that a text is, unless a key stands twice: which of them counts, nobody could see."""
    try:
        found = json.loads(text, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _once_each(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _laid_out(value: Json, taken: int = 0) -> list[str]:
    text = value if isinstance(value, str) else canonical(value)
    if not isinstance(value, (dict, list)) or len(text) + taken <= _INLINE:
        return [text]
    pairs = [(f"{json.dumps(key)}: ", item) for key, item in value.items()] if isinstance(value, dict) else []
    members = pairs or [("", item) for item in value]
    lines = []
    for number, (key, item) in enumerate(members):
        first, *rest = _laid_out(item) if isinstance(item, (dict, list)) else [canonical(item)]
        inner = [f"  {key}{first}", *(f"  {line}" for line in rest)]
        lines += [*inner[:-1], f"{inner[-1]}{',' if number < len(members) - 1 else ''}"]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return [opening, *lines, closing]
