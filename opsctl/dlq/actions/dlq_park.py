"""Creates the queue in which messages are parked."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq import park_queues as parks
from opsctl.dlq.attach import dead_letter_queue_calls as queues
from opsctl.dlq.parks import ParkFound
from opsctl.dlq.queue_checks import queue_is_empty
from opsctl.model.changes import Change, Proof, Risk
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.sqs_queue_calls import queue_is_absent

_VISIBLE_WITHIN_S = 60


class DlqPark(Action):
    """Create a FIFO queue of opsctl's own, for one run; the move through it deletes it once it is empty.

    Undo deletes it only while it is empty.
    """

    name: ClassVar[str] = "dlq.park"

    park: ParkFound = Field(description="What the fact `dlq.park` found.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateQueue, or nothing when nothing has to be parked."""
        park = self.park
        if not park.name:
            return []
        of = park.of.rpartition(":")[2]
        encrypted = f"with the key of {of}" if park.key else "with SQS-managed keys"
        return [
            Change(
                **dict(parks.create_park(park.name, park.attributes, park.of, about.plan_id)),
                id="create",
                title=f"Create temporary FIFO queue {park.name}, retention 14 days, encrypted {encrypted}",
                why=(
                    f"A FIFO queue returns only the first messages of each group until these are deleted. Those "
                    f"that the filter does not match are parked here, in order, until all of {of} was received. "
                    "Then they are brought back."
                ),
                expect=(queue_is_absent(park.name),),
                proof=Proof(
                    configured=(queues.is_ours(park.url, park.name, about.plan_id),),
                    within_s=_VISIBLE_WITHIN_S,
                    passing=True,
                ),
                undo=queues.delete_queue(park.url),
                undo_only_if=(queue_is_empty(park.url, park.name),),
                risk=Risk(note="The next change deletes the temporary queue once it is confirmed empty."),
            )
        ]
        yield
