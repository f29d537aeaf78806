"""Moves dead letters home, one by one judged, with a checkpoint."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.message_filter import MessageFilter, Setting
from opsctl.dlq.route import Route
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.backup import BackupFile
from opsctl.dlq.transfer.canary import Canary
from opsctl.dlq.transfer.choosing_destinations import Destinations
from opsctl.dlq.transfer.consumer_health import ConsumerHealth
from opsctl.dlq.transfer.filtering import after_filtering
from opsctl.dlq.transfer.move_order import MoveOrder, set_out_ms
from opsctl.dlq.transfer.mover import Mover
from opsctl.dlq.transfer.parking import Parking
from opsctl.dlq.transfer.queue import Depth, Queue
from opsctl.dlq.transfer.queue_sending import QueueSending
from opsctl.dlq.transfer.routing import RoutedSending
from opsctl.dlq.transfer.sending import InParts
from opsctl.dlq.transfer.through import TakenOut
from opsctl.model.jobs import Job, JobResult, Tools


class DlqMove(Job):
    """Receive, send, delete; what the destination did not confirm stays in the queue."""

    name: ClassVar[str] = "dlq.move"
    takes_out_of: ClassVar[str] = "queue_url"

    queue_name: str
    queue_url: str
    region: str
    routes: tuple[Route, ...]
    recorded: bool = False
    onto_bus: bool = False
    where: str = ""
    settings: tuple[Setting, ...] = ()
    edit: str = ""
    limit: int = -1
    per_s: float = Field(0.0, description="Messages per second; 0: no limit.")
    canary: int = 0
    canary_within_s: int = 0
    functions: tuple[str, ...] = Field((), description="Functions whose errors are watched for the canary.")
    returns_at_most: int = -1
    visibility_s: int = 120
    others_hold_s: int = 30
    expected: int = 0
    backup: str = ""

    def run(self, tools: Tools) -> JobResult:
        """Move what there is, or as much as is possible until asked to stop."""
        return self.take_out(tools, None).result

    def take_out(self, tools: Tools, parking: Parking | None) -> TakenOut:
        """Move, and park what is not to go home."""
        patience = Patience(tools.clock, tools.stopping)
        wire = tools.queues(self.region)
        queue = Queue(
            wire,
            self.queue_url,
            patience,
            visibility_s=self.visibility_s,
            everything=bool(self.backup or self.where),
        )
        began_ms = set_out_ms(tools, queue, wire)
        sending = self._sending(tools, patience)
        altered = self.where or self.settings or self.edit
        keeper = BackupFile(self.backup) if self.backup else None
        message_filter = MessageFilter(self.where, self.settings, self.edit) if altered else None
        try:
            mover = Mover(
                MoveOrder(
                    title=f"redrive {self.queue_name}",
                    limit=self.limit,
                    per_s=self.per_s,
                    canary=self.canary,
                    returns_at_most=self.returns_at_most,
                    visibility_s=self.visibility_s,
                    others_hold_s=self.others_hold_s,
                    expected=self.expected,
                ),
                tools,
                patience,
                queue,
                sending,
                message_filter=message_filter,
                keeper=keeper,
                canary=self._canary(tools, patience),
                parking=parking,
                parts=sending.parts,
            )
            result = mover.run(began_ms)
        finally:
            if keeper is not None:
                keeper.close()
        return TakenOut(after_filtering(result, message_filter, fifo=queue.fifo), mover.ended)

    def _sending(self, tools: Tools, patience: Patience) -> InParts:
        wire = tools.queues(self.region)
        if len(self.routes) == 1 and not self.recorded and self.routes[0].kind == "queue":
            return QueueSending(wire, self.routes[0].url, patience)
        destinations = Destinations(
            self.routes,
            tools,
            self.region,
            wire,
            patience,
            queue_url=self.queue_url,
            recorded=self.recorded,
            onto_bus=self.onto_bus,
        )
        return RoutedSending(destinations.choose, destinations.fixed())

    def _canary(self, tools: Tools, patience: Patience) -> Canary | None:
        targets = [route for route in self.routes if route.kind == "queue"]
        if not self.canary or not (targets or self.functions):
            return None
        wires = {region: tools.queues(region) for region in {one.region(self.region) for one in targets}}
        queues = [Queue(wires[one.region(self.region)], one.url, patience, visibility_s=0) for one in targets]

        def depth() -> Depth:
            return Depth.of([Depth(0, 0, 0), *(queue.depth() for queue in queues)])

        before, since = tools.checkpoint.recall("destination_before"), tools.checkpoint.recall("canary_at")
        if before is None or since is None:
            before, since = depth().total, int(tools.clock.now())
            tools.checkpoint.remember("destination_before", before)
            tools.checkpoint.remember("canary_at", since)
        return Canary(
            depth,
            int(before),
            self.canary_within_s,
            f"redrive {self.queue_name}",
            ConsumerHealth(tools.aws, self.region, self.functions, int(since)) if self.functions else None,
            invoked=any(route.kind != "queue" for route in self.routes),
        )
