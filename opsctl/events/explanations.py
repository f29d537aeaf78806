"""What the findings of an audit of events mean."""

from collections.abc import Iterator

from opsctl.events.audit_rules import WHY_LOST
from opsctl.model.explanation import Explanation


def explanations() -> Iterator[Explanation]:
    """Yield each finding of `events audit`, by the reasons that the audit gives itself."""
    for id_, why in WHY_LOST.items():
        yield Explanation(
            id=id_,
            kind="finding",
            of="events audit",
            means=f"{id_.replace('-', ' ')}: events are lost, come twice, or could be",
            why=why,
            todo="Each finding names the command that mends or shows it, under Fix.",
        )
