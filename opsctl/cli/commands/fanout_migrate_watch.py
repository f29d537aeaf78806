"""`opsctl fanout migrate --watch`: what topic and queues are sent, by the minute, while a program moves over."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from opsctl.cli.front import Order
    from opsctl.events.facts.fanout_migration import FanoutMigrationRead
    from opsctl.events.migration_counts import MinuteCounts

LONGEST_S = 6 * 3600
LATE_S = 120
"""CloudWatch counts a minute when it is over, and some time later: a minute is shown once it is so old."""
_EVERY_S, _SLICE_S = 30.0, 0.25


def seconds_to_watch(text: str) -> int:
    """Return how long to watch; raises BadParameter."""
    from opsctl.model.durations import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--watch") from None
    if not 60 <= seconds <= LONGEST_S:
        raise typer.BadParameter("it is not between 1m and 6h", param_hint="--watch")
    return seconds


def watch_migration(
    order: "Order", found: "FanoutMigrationRead", seconds: int, *, live: bool
) -> "list[MinuteCounts]":
    """Count until the time is over or somebody interrupts; `live` writes each minute as it comes."""
    from opsctl.cli.front import open_session
    from opsctl.events.arns import named
    from opsctl.events.migration_counts import minutes_of, minutes_read

    session = open_session(order)
    clock, stopping = session.runtime.clock, session.runtime.stopping
    since, topic = int(clock.now() // 60 * 60), named(found.topic).name
    minutes: list[MinuteCounts] = []
    try:
        while True:
            now = clock.now()
            end = int(min(now - LATE_S, since + seconds) // 60 * 60)
            begun = minutes[-1].at + 60 if minutes else since
            if end > begun:
                (answer,) = session.runtime.reader().read_many([minutes_read(topic, found.queues, begun, end)])
                if answer.refusal is not None:
                    session.progress(f"CloudWatch could not be read: {answer.refusal}")
                fresh = minutes_of(answer, found.queues, begun, end)
                minutes += fresh
                for one in fresh if live else ():
                    session.progress.clear()
                    sys.stdout.write(minute_line(one) + "\n")
                    sys.stdout.flush()
            if stopping() or end >= since + seconds:
                return minutes
            left = since + seconds + LATE_S - now
            session.progress(f"counting both ways of {topic} ({left / 60:.0f} min left; Ctrl-C ends it)")
            until = now + _EVERY_S
            while clock.now() < until and not stopping():
                clock.sleep(_SLICE_S)
    except KeyboardInterrupt:
        return minutes
    finally:
        session.progress.clear()


def minute_line(one: "MinuteCounts") -> str:
    """One minute: what the topic was told, and for each queue how much more or less than that it was sent."""
    at = datetime.fromtimestamp(one.at, UTC).strftime("%H:%M")
    queues = [f"{name} {count:,} sent{_beyond(count, one)}" for name, count in one.sent.items()]
    return f"{at} UTC: {one.published:,} published, {one.filtered:,} filtered out; {', '.join(queues)}"


def _beyond(count: int, one: "MinuteCounts") -> str:
    """A queue's count is of both ways; what is above what was published came another way."""
    more = count - one.published
    return f" ({more:,} by another way)" if more > 0 else ""
