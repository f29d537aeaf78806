"""What was read of the account so far in one exploration: every read is made and parsed once."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar, cast

from opsctl.block.topology.naming import Naming
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json

T = TypeVar("T")

_SERVICES = {
    "amplify": "Amplify",
    "apigateway": "API Gateway",
    "apigatewayv2": "API Gateway",
    "apprunner": "App Runner",
    "appsync": "AppSync",
    "cloudfront": "CloudFront",
    "cognito-idp": "Cognito",
    "ec2": "EC2",
    "elb": "Classic load balancers",
    "elbv2": "load balancers",
    "globalaccelerator": "Global Accelerator",
    "route53": "Route 53",
    "wafv2": "WAF",
}
_WORDS = {
    RefusalKind.DENIED: "access denied",
    RefusalKind.MISSING: "not found",
    RefusalKind.THROTTLED: "throttled",
    RefusalKind.UNREACHABLE: "no connection",
    RefusalKind.UNREADABLE: "an unreadable answer",
}


class Survey:
    """Asks the account, and remembers answers and what they were parsed to.

    `place_of` finds what a DNS name or an address in the way leads to, whatever kind of node it is.
    """

    def __init__(self, about: Context, place_of: "PlaceOf") -> None:
        self.about = about
        self._place_of = place_of
        self._answers: dict[str, Answer] = {}
        self._parsed: dict[tuple[str, object], object] = {}
        self._learnt: dict[str, object] = {}

    def place_of(self, name: str) -> Fetching[Naming]:
        """Find what a DNS name or an address leads to."""
        found = yield from self._place_of(name, self)
        return found

    def learn(self, things: Mapping[str, object]) -> None:
        """Remember things by id that were read in passing, many in one call."""
        self._learnt.update(things)

    def learnt(self, identifier: str, kind: type[T]) -> T | None:
        """Return a thing read in passing."""
        thing = self._learnt.get(identifier)
        return thing if isinstance(thing, kind) else None

    def prefetch(self, reads: Sequence[Read]) -> Fetching[None]:
        """Make reads that are going to be asked for, all in one round."""
        missing = [read for read in reads if read.key not in self._answers]
        if missing:
            answers = yield missing
            self._answers.update({read.key: answer for read, answer in zip(missing, answers, strict=True)})

    def ask(self, read: Read, parse: Callable[[Json], T]) -> Fetching[T | Refusal]:
        """Make a read unless its answer is known, and return it parsed, or the refusal."""
        yield from self.prefetch([read])
        answer = self._answers[read.key]
        if answer.refusal is not None:
            return answer.refusal
        key = (read.key, parse)
        if key not in self._parsed:
            self._parsed[key] = parse(answer.value)
        return cast("T", self._parsed[key])

    def ask_each(self, reads: Sequence[Read], parse: Callable[[Json], T]) -> Fetching[list[T | Refusal]]:
        """Make several reads in one round; one result for each, in their order."""
        results = yield from gather([self.ask(read, parse) for read in reads])
        return results


PlaceOf: TypeAlias = Callable[[str, Survey], Fetching[Naming]]


def cannot_tell(what: str, refusal: Refusal) -> str:
    """Say what is not known because a read was refused: `cannot tell what ...: access denied ...`."""
    words = _WORDS.get(refusal.kind, refusal.code)
    service = _SERVICES.get(refusal.api.partition(".")[0], refusal.api.partition(".")[0])
    return f"cannot tell {what}: {words} reading {service} ({refusal.api})"
