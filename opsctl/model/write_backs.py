"""Refuses at plan time to write a document back that the installed SDK cannot hold whole."""

from collections.abc import Iterable

from opsctl.model.changes import Change
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.references import references_in


def documents_of(changes: Iterable[Change]) -> list[Read]:
    """Return the reads of the documents that changes write back, as far as these exist already."""
    edits = [change.edit for change in changes if change.edit is not None and change.edit.writes_back]
    return [edit.read for edit in edits if not any(references_in(edit.read.params))]


def require_whole(documents: Iterable[Read]) -> Fetching[None]:
    """Read documents with nothing left out.

    Raises:
        RefusedByGuard: one has a member that the SDK does not know, and would lose it when it is written back.
    """
    whole = [read.model_copy(update={"whole": True}) for read in documents]
    answers = (yield whole) if whole else []
    refusals = [answer.refusal for answer in answers if answer.refusal is not None]
    lossy = [str(refusal) for refusal in refusals if refusal.code == "UnknownMember"]
    if lossy:
        raise RefusedByGuard(
            "a document that has to be written back has members that the installed SDK does not know, and would"
            " lose them; nothing was changed",
            "upgrade boto3, or make a plan that does not edit the document",
            evidence=list(dict.fromkeys(lossy)),
        )
