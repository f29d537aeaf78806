"""Whether firewalls of instances drop an address, as far as they were last read back."""

from typing import ClassVar

from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.block.evidence.standing_blocks import blocks_of
from opsctl.block.host.host_rows import read_host_rows
from opsctl.model.dossier import Matter, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context


class HostBlocks(EvidenceSource):
    """Reads what the last commands of opsctl's own read back in each instance; sends nothing."""

    name: ClassVar[str] = "host-blocks"
    title: ClassVar[str] = "firewalls of instances, as last read back"
    matter: ClassVar[Matter] = "blocked"

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Name the instances that drop it."""
        rows, unknown = yield from read_host_rows(about)
        found = blocks_of(rows, asked.network, about.now)
        if not unknown:
            return self.report(asked, *found)
        todo = "let the caller call ssm:ListCommands, ssm:GetCommandInvocation and ec2:DescribeInstances"
        return self.report(asked, *found, looked="partly" if rows else "no", why="; ".join(unknown), todo=todo)
