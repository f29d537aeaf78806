"""What the findings of an audit of dead-letter queues mean."""

from collections.abc import Iterator

from opsctl.dlq.audit.rules import WHY
from opsctl.model.explanation import Explanation


def explanations() -> Iterator[Explanation]:
    """Yield each finding of `dlq audit`, by the reasons that the audit gives itself."""
    for id_, why in WHY.items():
        yield Explanation(
            id=id_,
            kind="finding",
            of="dlq audit",
            means=f"{id_.replace('-', ' ')}: how failures are kept there is not right",
            why=why,
            todo="Each finding names the command that mends it, under Fix.",
        )
