"""Gives each message to its own destination and puts together what came of it."""

from collections.abc import Callable

from opsctl.dlq.transfer.sending import Alive, InParts, Sent, Stayed
from opsctl.model.value import Json


class RoutedSending:
    """Implements `InParts` over several destinations.

    `choose` returns a message's destination; it raises ValueError when there is none, with the reason.
    Destinations may be found one after the other, while messages come.
    """

    _GIVES_UP_AFTER = 1000

    def __init__(self, choose: Callable[[Json], InParts], fixed: list[InParts]) -> None:
        """`fixed` are all destinations when they are known beforehand, else empty."""
        self._choose = choose
        self._fixed = fixed
        self._used: dict[int, InParts] = {}
        self._stayed = 0

    @property
    def closed(self) -> str:
        """Closed once every destination is: all that are known beforehand, else all that were used for long."""
        known = self._fixed or (list(self._used.values()) if self._stayed >= self._GIVES_UP_AFTER else [])
        reasons = [one.closed for one in known]
        return reasons[0] if reasons and all(reasons) else ""

    @property
    def repeats_s(self) -> float:
        """As long as every destination recognises repetitions."""
        return min((one.repeats_s for one in self._fixed), default=0.0)

    def parts(self, messages: list[Json]) -> list[list[Json]]:
        """By destination, and as each of them divides its own; those without one come first, and stay."""
        batches, homeless = self._by_destination(messages)
        parts = [part for to, batch in batches for part in to.parts(batch)]
        return [[one.message for one in homeless], *parts] if homeless else parts

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Send each message to its own destination."""
        batches, homeless = self._by_destination(messages)
        sent = Sent(stayed=homeless)
        for to, batch in batches:
            self._used.setdefault(id(to), to)
            sent.add(to.send(batch, alive))
        self._stayed = 0 if sent.confirmed else self._stayed + len(messages)
        return sent

    def _by_destination(self, messages: list[Json]) -> tuple[list[tuple[InParts, list[Json]]], list[Stayed]]:
        batches: dict[int, tuple[InParts, list[Json]]] = {}
        homeless = []
        for message in messages:
            try:
                to = self._choose(message)
            except ValueError as fault:
                homeless.append(Stayed(message, "NoDestination", str(fault)))
            else:
                batches.setdefault(id(to), (to, []))[1].append(message)
        return list(batches.values()), homeless
