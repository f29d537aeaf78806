"""Commands that only look: a fact, its progress, and its result in the form that was asked for."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from opsctl.cli.front import Order, open_session
from opsctl.cli.options import Output
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.model.run import Fact
    from opsctl.model.value import Value

Found = TypeVar("Found", bound="Value")


def look_at(
    order: Order, fact: "Fact", kind: type[Found], reading: str, source: Mapping[str, str] | None = None
) -> Found:
    """Connect, look, and return what was found; `source` names the switch behind each field of the fact.

    Raises:
        InvalidInput: the fact takes no such fields.
    """
    from opsctl.model.errors import InvalidInput
    from opsctl.planning.run_fetching import run_fetching

    session = open_session(order)
    session.progress(reading)
    session.runtime.soon = fact.services
    about = session.runtime.about
    try:
        with session.progress.reading(reading) as answered:
            reader = session.runtime.reader(answered)
            found = run_fetching(fact.read(about), reader)
    except InvalidInput as invalid:
        raise invalid.told_as(source or {}) from None
    assert isinstance(found, kind)  # noqa: S101 - the fact's own result
    session.progress.clear()
    if order.show.verbose:
        session.progress(f"{len(reader.made)} reads in {reader.rounds} rounds")
    return found


def show_found(
    order: Order,
    outcome: Outcome,
    found: Found,
    *,
    text: Callable[..., str],
    markdown: Callable[[Found], str],
    others: Mapping[Output, Callable[[Found], str]] | None = None,
    code: int = 0,
) -> None:
    """Write what was found; `text` takes the width and whether to colour as well, `others` are further forms."""
    from opsctl.cli.output import emit_value
    from opsctl.cli.terminal import wants_colour, width

    told: dict[str, Any] = {"width": width(), "colour": wants_colour(sys.stdout)}
    form = {Output.MARKDOWN: markdown, **(others or {})}.get(order.show.output)
    emit_value(
        order, outcome, found.model_dump(mode="json"), form(found) if form else text(found, **told), code=code
    )
