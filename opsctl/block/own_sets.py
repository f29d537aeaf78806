"""The IP sets that opsctl makes for a web ACL: one for a family, and more with numbers where it is full."""

from collections.abc import Iterator, Mapping, Sequence

from opsctl.block.set_recorder import SetRecorder
from opsctl.block.topology.webacl import IpSet
from opsctl.block.usable_sets import SET_LIMIT
from opsctl.model.errors import RefusedByGuard
from opsctl.model.networks import Network, not_covered, parse_network, texts_of
from opsctl.model.value import Value

LAST_NUMBER = 50
"""A web ACL refers to so many sets and rule groups at most (AWS WAF quotas)."""


class OwnSets(Value):
    """The sets of a family by their numbers, as far as they are there; `first` is the name of the first."""

    first: str
    there: dict[int, IpSet]

    @classmethod
    def of(cls, first: str, sets: Mapping[str, IpSet]) -> "OwnSets":
        """Find the sets of a family among those of opsctl, by name."""
        numbers = range(1, LAST_NUMBER + 1)
        return cls(first=first, there={n: sets[name] for n in numbers if (name := numbered(first, n)) in sets})

    def missing(self, wanted: Sequence[Network]) -> list[str]:
        """Return the blocks that no set holds."""
        held = [parse_network(text) for one in self.there.values() for text in one.addresses]
        return texts_of(not_covered(wanted, held) if held else wanted)

    def holding(self, wanted: Sequence[Network]) -> Iterator[int]:
        """Return the numbers of the sets that hold some of the blocks."""
        for number, one in self.there.items():
            if len(not_covered(wanted, map(parse_network, one.addresses))) < len(wanted):
                yield number

    def number_for(self, missing: Sequence[str], recorder: SetRecorder) -> int:
        """Choose the first set, there or not yet, with room for addresses and for the record of them.

        Raises:
            RefusedByGuard: none has.
        """
        for number in range(1, LAST_NUMBER + 1):
            known = self.there.get(number)
            if known is None or _fits(known, missing, recorder):
                return number
        raise RefusedByGuard(
            f"none of {LAST_NUMBER} IP sets {self.first} has room for {len(missing):,} addresses more; "
            "nothing was changed",
            "expire the blocks that are due, or unblock what is not needed any more",
        )


def numbered(first: str, number: int) -> str:
    """Return the name that belongs to a number: the first has none."""
    return first if number == 1 else f"{first}-{number}"


def _fits(known: IpSet, missing: Sequence[str], recorder: SetRecorder) -> bool:
    if len(known.addresses) + len(missing) > SET_LIMIT:
        return False
    return recorder.has_room(known.arn, missing, known.addresses)
