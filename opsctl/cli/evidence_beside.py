"""Finds out, beside the planning, what whoever decides may want to know; a plan hardly waits for it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from opsctl.aws.account import CachedReader
    from opsctl.model.dossier import Dossier, Inquiry
    from opsctl.model.playbook import LoadedPlaybook
    from opsctl.model.value import Json
    from opsctl.planning.inquiring import Inquiring
    from opsctl.wiring import Runtime

WAIT_S = 1.0
"""How long a plan that is made waits for what has not come."""

Begun: TypeAlias = "tuple[Inquiry, Inquiring] | None"
"""What is asked, and the inquiry at work; None where there is nothing to ask."""


@contextmanager
def beside(
    runtime: "Runtime", loaded: "LoadedPlaybook | None", inputs: "dict[str, Json]", reader: "CachedReader"
) -> "Iterator[Callable[[], Dossier | None]]":
    """Begin; yields what is asked for the evidence once the plan is made.

    `reader` is the planning's: what that was told is not asked again. Nothing that costs is looked at. It begins
    when the first reads for the plan are on their way: its imports and clients would take the processor, and the
    lock of the SDK's session, from a plan that has not asked anything yet.
    """
    if loaded is None or loaded.playbook.evidence is None:
        yield lambda: None
        return
    begun: Future[Begun] = Future()
    ended = Event()

    def begin() -> None:
        runtime.wait_until_asked(reader)
        try:
            begun.set_result(None if ended.is_set() else _begun(runtime, loaded, inputs, reader))
        except Exception as fault:  # noqa: BLE001 - raised where the evidence is asked for
            begun.set_exception(fault)
        if ended.is_set():
            _end(begun)

    def known() -> "Dossier | None":
        reader.under_way.set()  # where nothing had to be asked for the plan
        at_work = begun.result()
        if at_work is None:
            return None
        fact, inquiring = at_work
        until = time.monotonic() + WAIT_S
        return fact.dossier(runtime.about, inquiring.until(late=lambda: time.monotonic() > until))

    Thread(target=begin, daemon=True, name="inquiry").start()
    try:
        yield known
    finally:
        ended.set()
        reader.under_way.set()
        if begun.done():
            _end(begun)


def _begun(
    runtime: "Runtime", loaded: "LoadedPlaybook", inputs: "dict[str, Json]", reader: "CachedReader"
) -> Begun:
    """Have the sources of a playbook's evidence asked."""
    from opsctl.model.dossier import Inquiry
    from opsctl.model.errors import InvalidInput
    from opsctl.planning.inquiring import Inquiring
    from opsctl.planning.scope import Scope

    spec, about = loaded.playbook.evidence, runtime.about
    assert spec is not None  # noqa: S101 - or nothing would have begun
    fact = runtime.registry.facts[spec.uses].model_validate(
        Scope(loaded, inputs, about).resolve(spec.with_, "evidence.with")
    )
    assert isinstance(fact, Inquiry)  # noqa: S101 - the playbook was checked
    # First those that planning waits for as well, before its sources ask for one each and in no order.
    runtime.make_clients(fact.services)
    try:
        parts = fact.parts(about)
    except InvalidInput:  # the facts that the plan depends on will say what is wrong
        return None
    return (fact, Inquiring(parts, runtime.reader_beside(reader))) if parts else None


def _end(begun: "Future[Begun]") -> None:
    """Have an inquiry ask nothing more; what is on its way is left alone."""
    at_work = None if begun.exception() else begun.result()
    if at_work is not None:
        at_work[1].end()
