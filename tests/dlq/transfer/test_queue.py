"""One queue as a source: what SQS fails for a while is tried again, and what it fails for good is told."""

from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.queue import Queue
from opsctl.model.value import Json
from tests.kit.ports import FakeClock


class Failing:
    """Fails every entry of the first requests with the given codes, and then none."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.asked: list[list[str]] = []

    def server_time(self) -> float:
        return 0.0

    def call(self, _operation: str, params: dict[str, Json]) -> dict[str, Json]:
        self.asked.append([one["ReceiptHandle"] for one in params["Entries"]])
        if not self.codes:
            return {}
        code = self.codes.pop(0)
        return {"Failed": [{"Id": one["Id"], "Code": code, "SenderFault": True} for one in params["Entries"]]}


def queue(wire: Failing) -> Queue:
    return Queue(wire, "https://sqs/1/q", Patience(FakeClock(), lambda: False), visibility_s=30)


def test_a_throttled_delete_is_tried_again_though_sqs_calls_it_the_senders_fault() -> None:
    wire = Failing("RequestThrottled", "ThrottlingException")
    assert queue(wire).delete([("m1", "h1"), ("m2", "h2")]) == []
    assert wire.asked == [["h1", "h2"]] * 3


def test_a_delete_that_sqs_refuses_is_told_and_not_tried_again() -> None:
    wire = Failing("ReceiptHandleIsInvalid")
    assert queue(wire).delete([("m1", "h1")]) == [("m1", "ReceiptHandleIsInvalid", "")]
    assert wire.asked == [["h1"]]
