"""Finds out, beside the planning, what whoever decides may want to know; a plan hardly waits for it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsctl.aws.account import CachedReader
    from opsctl.model.dossier import Dossier
    from opsctl.model.playbook import LoadedPlaybook
    from opsctl.model.value import Json
    from opsctl.wiring import Runtime

WAIT_S = 1.0
"""How long a plan that is made waits for what has not come."""


@contextmanager
def beside(
    runtime: "Runtime", loaded: "LoadedPlaybook | None", inputs: "dict[str, Json]", reader: "CachedReader"
) -> "Iterator[Callable[[], Dossier | None]]":
    """Begin; yields what is asked for the evidence once the plan is made.

    `reader` is the planning's: what that was told is not asked again. Nothing that costs is looked at.
    """
    from opsctl.model.dossier import Inquiry
    from opsctl.model.errors import InvalidInput
    from opsctl.planning.inquiring import Inquiring
    from opsctl.planning.scope import Scope

    spec = loaded.playbook.evidence if loaded else None
    if loaded is None or spec is None:
        yield lambda: None
        return
    about = runtime.about
    fact = runtime.registry.facts[spec.uses].model_validate(
        Scope(loaded, inputs, about).resolve(spec.with_, "evidence.with")
    )
    assert isinstance(fact, Inquiry)  # noqa: S101 - the playbook was checked
    try:
        parts = fact.parts(about)
    except InvalidInput:  # the facts that the plan depends on will say what is wrong
        parts = {}
    if not parts:
        yield lambda: None
        return
    inquiring = Inquiring(parts, runtime.reader_beside(reader))

    def known() -> "Dossier":
        until = time.monotonic() + WAIT_S
        return fact.dossier(about, inquiring.until(late=lambda: time.monotonic() > until))

    try:
        yield known
    finally:
        inquiring.end()
