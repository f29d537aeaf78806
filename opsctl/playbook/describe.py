"""Says what a playbook does, in text."""

from opsctl.model.playbook import InputSpec, LoadedPlaybook


def describe_playbook(loaded: LoadedPlaybook) -> str:
    """Return inputs, facts, guards, steps, checks and notes of a playbook, one a line, and its SHA-256."""
    book = loaded.playbook
    lines = [f"{book.name} {book.version}: {book.summary}", f"sha256 {loaded.sha256}", ""]
    lines += _section("Inputs", [f"{name} ({_type(spec)}) {spec.help}" for name, spec in book.inputs.items()])
    lines += _section("Facts", [f"{name}: {fact.uses or fact.read}" for name, fact in book.facts.items()])
    lines += _section(
        "Guards",
        [
            f"{guard.id} ({_guard(refuse=bool(guard.refuse), override=guard.override)}): {guard.because}"
            for guard in book.guards
        ],
    )
    lines += _section(
        "Steps",
        [
            f"{step.id}: {step.uses or step.call}" + (f" for each of {step.foreach}" if step.foreach else "")
            for step in book.steps
        ],
    )
    lines += _section("Checks", [f"{check.id} (within {check.within}): {check.because}" for check in book.checks])
    lines += _section("Undo warns", [f"{one.id}: {one.because}" for one in book.undo_warns])
    lines += _section("Next", [f"opsctl {' '.join(map(str, one.opsctl))}: {one.because}" for one in book.next])
    if book.notes:
        lines += ["Notes:", *(f"  {line}" for line in book.notes.splitlines())]
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(title: str, items: list[str]) -> list[str]:
    return [f"{title}:", *(f"  {item}" for item in items), ""] if items else []


def _type(spec: InputSpec) -> str:
    kind = f"list of {spec.of}" if spec.type == "list" else spec.type
    choices = f" {'|'.join(spec.values)}" if spec.values else ""
    if spec.required:
        return f"{kind}{choices}, required"
    return f"{kind}{choices}" + (f", default {spec.default}" if spec.default not in (None, "", [], ()) else "")


def _guard(*, refuse: bool, override: bool) -> str:
    if not refuse:
        return "warns"
    return "refuses, can be overridden" if override else "refuses"
