"""How things stand with a block, in the words that a plan and a result end with."""

from collections.abc import Sequence

from opsctl.block.asked import Asked, Mode
from opsctl.block.topology.finding import is_address
from opsctl.block.topology.graph import Node, Web
from opsctl.model.paths import WayIn
from opsctl.model.sentences import first_few
from opsctl.model.value import Value

_NAMED = 5


class _Words(Value):
    """What is said of ways where it is as asked, of the others, and what that does not mean."""

    so: str
    not_so: str
    but: str = ""


_OF_MODE: dict[Mode, _Words] = {
    "block": _Words(so="closed", not_so="STILL OPEN"),
    "count": _Words(
        so="counted", not_so="NOT COUNTED", but="--mode count closes nothing: counted requests are allowed"
    ),
    "challenge": _Words(
        so="challenged",
        not_so="NOT CHALLENGED",
        but="that closes nothing: a client that solves the challenge gets in",
    ),
    "captcha": _Words(
        so="behind a CAPTCHA",
        not_so="WITHOUT A CAPTCHA",
        but="that closes nothing: whoever solves the CAPTCHA gets in",
    ),
}


def standing_of(ways: Sequence[WayIn], asked: Asked, *, sure: bool) -> str:
    """Say on how many ways what was asked for is so now; `sure` is false when ways may be missing."""
    return _line(ways, [one for one in ways if not one.handled], asked, sure=sure)


def outlook_of(ways: Sequence[WayIn], asked: Asked, *, sure: bool) -> str:
    """Say on how many ways it will be so once the chosen points are in place."""
    return _line(ways, [one for one in ways if not one.covered], asked, sure=sure)


def word_of(asked: Asked, *, is_so: bool, closed: bool) -> str:
    """Say in one word or two what a way is: closed, OPEN, or for another mode what becomes of who comes."""
    if closed or asked.mode == "block":
        return "closed" if is_so or closed else "OPEN"
    return _OF_MODE[asked.mode].so if is_so else "OPEN"


def looked_at(web: Web, account: str, region: str) -> tuple[str, ...]:
    """List what was looked at in finding no way in."""
    met = [_met(node) for node in web.nodes if node.place.kind != "origin"]
    searched = (
        f"searched in account {account}, region {region}: public addresses of its interfaces, load "
        "balancers whose target groups hold it, distributions whose origin it is, and names of the "
        "account's hosted zones"
    )
    return (*met, searched)


def doubts_of(web: Web, unread: Sequence[str]) -> tuple[str, ...]:
    """List why nobody can tell whether there is a way in that was not found."""
    return tuple(dict.fromkeys((*web.unknown, *unread, *(_blind(node) for node in web.nodes if node.blind))))


def _met(node: Node) -> str:
    addresses = sorted(text for text in node.answers_to if is_address(text))
    said = [*node.remarks, *([f"it has {', '.join(addresses)}"] if addresses else [])]
    return f"{node.title}: {'; '.join(said)}" if said else node.title


def _blind(node: Node) -> str:
    return f"{node.title} was not followed: {node.blind}"


def _line(ways: Sequence[WayIn], left: Sequence[WayIn], asked: Asked, *, sure: bool) -> str:
    if not ways or not (asked.addresses or asked.countries):
        return ""
    words = _OF_MODE[asked.mode]
    to = f" to {', '.join(asked.countries)}" if asked.countries and not asked.addresses else ""
    dropped = sum(one.dropped for one in ways) if asked.mode != "block" else 0
    parts = [f"{len(ways) - len(left) - dropped} of {len(ways)} ways {words.so}{to}"]
    if dropped:
        parts.append(f"{dropped} closed already")
    if left:
        parts.append(f"{words.not_so}: {first_few((one.name for one in left), _NAMED)}")
    if words.but:
        parts.append(words.but)
    if not sure:
        parts.append("not everything could be read, so there may be other ways in")
    return "; ".join(parts)
