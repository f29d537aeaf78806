"""The world `outage` as tests see it: an archive that is a day old, and what stands in queues."""

import json
from datetime import UTC, datetime, timedelta

from opsctl.model.spans import utc
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.worlds.outage import BUS
from tests.kit.moto_account import client
from tests.kit.queues import receive
from tests.kit.timed import move

HOUR = 3600


def put_orders(about: Conditions, *numbers: int, minutes_ago: float = 0, source: str = "shop.orders") -> None:
    """Put orders on the bus that say that they happened some minutes ago."""
    entries = [
        {
            "Time": about.moment() - timedelta(minutes=minutes_ago),
            "Source": source,
            "DetailType": "OrderPaid",
            "Detail": json.dumps({"order": number}),
            "EventBusName": BUS,
        }
        for number in numbers
    ]
    assert client("events").put_events(Entries=entries)["FailedEntryCount"] == 0


def let_pass(about: Conditions, hours: float) -> None:
    """Let time pass."""
    move(about, hours * HOUR)


def ago(about: Conditions, hours: float) -> str:
    """A moment before now, as a person types it."""
    return utc(datetime.fromtimestamp(about.now() - hours * HOUR, UTC).replace(microsecond=0))


def orders_in(url: str) -> list[int]:
    """The orders that a queue got since it was asked for last."""
    found: list[Json] = []
    while got := receive(url):
        for one in got:
            client("sqs").delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        found += [json.loads(one["Body"]) for one in got]
    return sorted(one["detail"]["order"] for one in found)
