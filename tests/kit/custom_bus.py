"""The world of a custom event bus as tests see it."""

from collections.abc import Iterator
from contextlib import contextmanager

from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.worlds.shop_events import BUS, QUEUE, make_custom_bus
from tests.kit.moto_account import World, client
from tests.kit.outage import orders_in
from tests.kit.timed import MovingClock, move, timed_world

HOUR = 3600


@contextmanager
def world_of_a_custom_bus() -> Iterator[tuple[World, Conditions]]:
    """Give the world: the bus is made, its orders come an hour later, and a day passes."""
    with timed_world(make_custom_bus) as (world, about):
        move(about, 24 * HOUR)
        about.durations = QUICK
        world.clock = MovingClock(about)
        yield world, about


def bus_arn() -> str:
    """The ARN of the bus."""
    (found,) = [one for one in client("eventbridgev2").list_event_buses()["EventBuses"] if one["Name"] == BUS]
    return str(found["EventBusArn"])


def subscribers() -> list[str]:
    """The names of the subscribers of the bus."""
    listed = client("eventbridgev2").list_subscribers(EventBusArn=bus_arn())["Subscribers"]
    return sorted(str(one["Name"]) for one in listed)


def shipped() -> list[int]:
    """The orders that came to the queue since it was asked for last."""
    return orders_in(client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"])
