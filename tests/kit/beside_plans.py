"""What is read beside plans: nothing in most tests, which look at something else; or all of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opsctl.cli import evidence_beside

if TYPE_CHECKING:
    from opsctl.model.dossier import Dossier

_REALLY = evidence_beside.beside
HANGS_S = 600.0
"""Only what hangs takes so long, however busy the machine is."""


@contextmanager
def _nobody(*_: Any) -> Iterator[Callable[[], "Dossier | None"]]:
    yield lambda: None


def settle() -> None:
    """Wait for what is still asked for evidence, so that nobody asks anything of the account of the next test."""
    for thread in threading.enumerate():
        if thread.name.startswith(("inquiry", "beside")):
            thread.join(HANGS_S)


def ask_nobody() -> None:
    """Have plans without evidence from now on."""
    setattr(evidence_beside, "beside", _nobody)  # noqa: B010 - it takes what the real one takes, and looks at nothing


@contextmanager
def asked() -> Iterator[None]:
    """Have evidence with plans, all of it, as long as this lasts."""
    before = evidence_beside.beside, evidence_beside.WAIT_S
    evidence_beside.beside, evidence_beside.WAIT_S = _REALLY, HANGS_S
    try:
        yield
        settle()
    finally:
        evidence_beside.beside, evidence_beside.WAIT_S = before
