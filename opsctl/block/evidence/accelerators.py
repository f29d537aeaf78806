"""Whether an address is one of the account's accelerators."""

from typing import ClassVar

from opsctl.block.evidence.published import current_ranges
from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.block.topology.survey import cannot_tell
from opsctl.model.dossier import Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.networks import parse_network
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.special import shares

HOME = "us-west-2"
"""Global Accelerator answers in this Region alone."""


class Accelerators(EvidenceSource):
    """Asks Global Accelerator where AWS publishes the address as one of its; others need not be asked about.

    Addresses that an account brought along are its own by their range, and not looked for here.
    """

    name: ClassVar[str] = "accelerators"
    title: ClassVar[str] = "accelerators of this account"
    matter: ClassVar[Matter] = "whose"

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """List the accelerators, if the address may be one's."""
        published = current_ranges(about.cache).sharing(asked.network)
        if not any("GLOBALACCELERATOR" in one.services for one in published):
            return self.report(asked)
        answer = yield from fetch(Read(service="globalaccelerator", operation="ListAccelerators", region=HOME))
        if answer.refusal is not None:
            why = cannot_tell("whether it is an accelerator of yours", answer.refusal)
            denied = answer.refusal.kind is RefusalKind.DENIED
            todo = "let the caller call globalaccelerator:ListAccelerators" if denied else ""
            return self.report(asked, looked="no", why=why, todo=todo)
        accelerators = answer.value.get("Accelerators") or []
        return self.report(asked, *(_sighting(one) for one in accelerators if _has(one, asked)))


def _has(one: Json, asked: AskedAbout) -> bool:
    addresses = [text for each in one.get("IpSets") or [] for text in each.get("IpAddresses") or []]
    return any(shares(asked.network, parse_network(text)) for text in addresses)


def _sighting(one: Json) -> Sighting:
    return Sighting(says=f"ours: accelerator {one.get('Name') or one['AcceleratorArn']}", telling=92)
