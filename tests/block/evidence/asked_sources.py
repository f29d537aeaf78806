"""Asks a source of evidence about an address, over canned answers."""

from collections.abc import Mapping

from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.model.dossier import SourceReport
from opsctl.model.networks import normal
from opsctl.model.run import Context
from tests.kit.canned import ABOUT, Canned, CannedReader, drive

NOW = 1_790_000_000.0


def ask(
    source: EvidenceSource, address: str, answers: Mapping[str, Canned] | None = None, about: Context = ABOUT
) -> tuple[SourceReport, CannedReader]:
    """Ask about the last hour."""
    asked = AskedAbout(address=normal(address), since=NOW - 3600, until=NOW)
    return drive(source.look(asked, about.model_copy(update={"now": NOW})), answers or {})


def said(source: EvidenceSource, address: str, answers: Mapping[str, Canned] | None = None) -> list[str]:
    """What it found."""
    return [one.says for one in ask(source, address, answers)[0].found]
