"""`opsctl explain`: what an id means that opsctl printed; calls nothing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.options import JsonOptions, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.model.explanation import Explanation
    from opsctl.model.playbook import LoadedPlaybook

EPILOG = """Examples:

  opsctl explain never-block

  opsctl explain stays-open drifted

  opsctl explain too-many --playbook ./my-playbook.yaml

  opsctl explain
"""


def complete_ids(incomplete: str) -> list[str]:
    """Offer every id that is explained."""
    return sorted({one.id for one in known("") if one.id.startswith(incomplete)})


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", epilog=EPILOG)(spliced(explain))


def explain(
    *,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Ids; without any, all are listed.", autocompletion=complete_ids),
    ] = None,
    playbook: Annotated[str, typer.Option(metavar="FILE", help="Guards and checks of this playbook too.")] = "",
    show: JsonOptions,
) -> None:
    """Say what a guard, check, finding or error means, why it matters, and what to do."""
    from opsctl.cli.front import Order
    from opsctl.cli.options import AccountOptions
    from opsctl.cli.output import emit_value
    from opsctl.model.closest import closest
    from opsctl.model.diagnostics import Diagnostic, Where
    from opsctl.model.errors import InvalidInput
    from opsctl.render.explanations import render_explanations, render_ids

    everything = tuple(known(playbook))
    names = sorted({one.id for one in everything})
    missing = [id_ for id_ in ids or () if id_ not in names]
    if missing:
        raise InvalidInput(
            [
                Diagnostic(
                    code="input",
                    summary=f"nothing is called {id_!r}",
                    hint=f"did you mean {closest(id_, names)}?" if closest(id_, names) else "",
                    where=Where(source="ID"),
                )
                for id_ in missing
            ]
        )
    found = [one for id_ in dict.fromkeys(ids or ()) for one in everything if one.id == id_] or list(everything)
    text = render_explanations(found) if ids else render_ids(found)
    order = Order("explain", AccountOptions(), show)
    emit_value(order, Outcome.EXPLAINED, [one.model_dump() for one in found], text)


def known(playbook: str) -> "Iterator[Explanation]":
    """Yield everything that is explained: of the rooms, of errors, and of playbooks."""
    from opsctl.catalog import explained
    from opsctl.model import error_explanations
    from opsctl.playbook.load import load_playbook
    from opsctl.playbook.places import shipped_names

    names = shipped_names()
    for name in (*names, *([playbook] if playbook and playbook not in names else [])):
        yield from _of_playbook(load_playbook(name))
    yield from explained()
    yield from error_explanations.explanations()


def _of_playbook(loaded: "LoadedPlaybook") -> "Iterator[Explanation]":
    from opsctl.model.explanation import Explanation

    book = loaded.playbook
    acceptable = {check.accept for check in book.checks}
    does = {
        "refuse": "what it finds refuses the plan",
        "accept": "what it finds has to be accepted before the plan is applied",
        "warn": "what it finds is a warning in the plan",
    }
    for guard in book.guards:
        kind, _ = guard.expression
        switch = {
            "refuse": f"; --override {guard.id} sets it aside" if guard.override else "; nothing sets it aside",
            "accept": f"; --accept {guard.id} does",
            "warn": f"; --accept {guard.id} lets it be" if guard.id in acceptable else "",
        }[kind]
        yield Explanation(
            id=guard.id,
            kind="guard",
            of=f"playbook {book.name}",
            means=does[kind] + switch,
            why=guard.because,
            todo=guard.todo,
        )
    for one in book.undo_warns:
        yield Explanation(
            id=one.id,
            kind="guard",
            of=f"playbook {book.name}",
            means="what it finds is a warning in the plan that takes a run back",
            why=one.because,
            todo=one.todo,
        )
    for check in book.checks:
        yield Explanation(
            id=check.id,
            kind="check",
            of=f"playbook {book.name}",
            means=f"asked after all changes, for {check.within}; without it the run ends with exit code 6",
            why=check.because,
            todo=check.todo,
        )
