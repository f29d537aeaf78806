"""Watches a block for a time: looks again and again, says how it stands, and ends when it is told to."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from opsctl.block.target_paths import paths_to
from opsctl.block.watch_places import WatchPlaces, places_of
from opsctl.block.watching import LOG_LATE_S, Look, look
from opsctl.model.errors import InvalidInput, OpsctlError
from opsctl.model.networks import parse_network, plain_addresses
from opsctl.model.ports import Reader
from opsctl.model.run import Clock, Context, Progress
from opsctl.model.sentences import first_few
from opsctl.model.spans import span, utc
from opsctl.model.watch import Unwatched, WatchReport
from opsctl.planning.run_fetching import run_fetching

EVERY_S = 10
"""How long after the begin of one look the next begins."""
AT_MOST = 20
"""So many addresses are watched; of more, the first."""
_SLICE_S = 0.25


class WatchLoop:
    """One watch. `reader` makes a reader that has not read anything, for every look is afresh."""

    def __init__(
        self,
        *,
        addresses: Sequence[str],
        target: str,
        about: Context,
        reader: Callable[[], Reader],
        clock: Clock,
        stopping: Callable[[], bool],
        progress: Progress,
    ) -> None:
        self._all = tuple(addresses)
        self._watched = self._all[:AT_MOST]
        self._networks = [parse_network(one) for one in self._watched]
        self._target = target
        self._about = about
        self._reader = reader
        self._clock = clock
        self._stopping = stopping
        self._progress = progress
        self._who = first_few(map(plain_addresses, self._watched), 3)

    def run(self, seconds: int) -> WatchReport:
        """Look until the time is over or somebody stops it; at least once.

        Raises:
            InvalidInput: nothing, or more than one thing, has the target's name.
        """
        since = self._clock.now()
        until = since + seconds
        places, found, began = WatchPlaces(), Look(), since
        try:
            places = self._places()
            while True:
                began = self._clock.now()
                found = self._look(places, since, began, found)
                self._tell(found, places, since, began, seconds)
                if began >= until or self._stopping():
                    break
                self._wait(min(began + EVERY_S, until))
        except KeyboardInterrupt:  # the second Ctrl-C: it ends the watch and not the block that was made before
            began = min(self._clock.now(), until)
            return self._report(places, found, since, began, stopped=True)
        return self._report(places, found, since, began, stopped=began < until)

    def _places(self) -> WatchPlaces:
        """Find what can be looked at; where the ways cannot be read, nothing, and that is said."""
        self._progress(f"finding what can be watched at {self._target}")
        try:
            web, _ = run_fetching(paths_to(self._target, self._about), self._reader())
            return run_fetching(places_of(web, self._watched), self._reader())
        except InvalidInput:
            raise
        except OpsctlError as fault:
            return WatchPlaces(
                unseen=(Unwatched(what=f"ways to {self._target}", why=fault.summary, todo=fault.hint),)
            )

    def _look(self, places: WatchPlaces, since: float, now: float, before: Look) -> Look:
        """Look once; of what cannot be read this time, what was seen before stays."""
        found = run_fetching(look(places, self._networks, since, now), self._reader())
        known = {(one.at, one.source, one.by) for one in found.seen}
        kept = tuple(one for one in before.seen if (one.at, one.source, one.by) not in known)
        return found.model_copy(update={"seen": (*found.seen, *kept)})

    def _wait(self, until: float) -> None:
        while self._clock.now() < until and not self._stopping():
            self._clock.sleep(min(_SLICE_S, max(until - self._clock.now(), 0.0)))

    def _tell(self, found: Look, places: WatchPlaces, since: float, now: float, seconds: int) -> None:
        report = self._report(places, found, since, now, stopped=False)
        passing = ", SOME PASS STILL" if report.passing else ""
        seen = "nothing seen yet" if report.nothing else f"{report.refused:,} refused{passing}"
        left = f"{span(now - since)} of {span(seconds)}; Ctrl-C ends the watch, the block stays"
        self._progress(f"watching {self._who}: {seen} ({left})")

    def _report(
        self, places: WatchPlaces, found: Look, since: float, ended: float, *, stopped: bool
    ) -> WatchReport:
        unwatched = list(dict.fromkeys((*places.unseen, *self._beyond(places), *found.unwatched)))
        lates = [place.log.late_s for place in places.flows] + [LOG_LATE_S]
        return WatchReport(
            addresses=self._watched,
            target=self._target,
            began=_moment(since),
            ended=_moment(ended),
            seconds=round(ended - since),
            stopped=stopped,
            seen=found.seen,
            counted=found.counted,
            unwatched=tuple(unwatched),
            late_s=max(lates),
        )

    def _beyond(self, places: WatchPlaces) -> list[Unwatched]:
        """What is out of sight whatever one looks at: other addresses, logs that go elsewhere."""
        found = []
        if len(self._all) > AT_MOST:
            rest = len(self._all) - AT_MOST
            found.append(Unwatched(what=f"{rest:,} more addresses", why=f"{AT_MOST} are watched at once"))
        for place in places.wafs:
            if place.elsewhere:
                why, todo = f"it goes to {place.elsewhere}", "send it to CloudWatch Logs, or look there"
                found.append(Unwatched(what=f"log of web ACL {place.name}", why=why, todo=todo))
            found += [Unwatched(what=f"log of web ACL {place.name}", why=one) for one in place.unread]
        return found


def _moment(at: float) -> str:
    return utc(datetime.fromtimestamp(int(at), UTC))
