"""Every way in which a command can end badly."""

import re
from collections.abc import Mapping, Sequence

from opsctl.model.commands import look_command
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.exits import Exit
from opsctl.model.outcomes import Outcome
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.value import Value


class OpsctlError(Exception):
    """An expected failure: one line that says what happened, one that says what to do."""

    exit_code = Exit.FAILED
    outcome = Outcome.FAILED

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


class InvalidInput(OpsctlError):
    """What a person wrote is wrong; all faults found are listed and nothing was called."""

    exit_code = Exit.USAGE
    outcome = Outcome.INVALID

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics[0].summary, diagnostics[0].hint)
        self.diagnostics = tuple(diagnostics)

    @classmethod
    def one(cls, summary: str, *, source: str, hint: str = "", code: str = "input") -> "InvalidInput":
        """Make the error of a single fault in a flag, a variable or a file."""
        return cls([Diagnostic(code=code, summary=summary, hint=hint, where=Where(source=source))])

    def told_as(self, sources: Mapping[str, str]) -> "InvalidInput":
        """Return the same faults with inputs called by the flags they came from."""
        return InvalidInput(
            [
                fault.model_copy(
                    update={"where": fault.where.model_copy(update={"source": sources[fault.where.source]})}
                )
                if fault.where.source in sources
                else fault
                for fault in self.diagnostics
            ]
        )


class GuardRefusal(Value):
    """One guard that said no: its id, why it is there, what it found, and the switch that sets it aside."""

    guard: str
    because: str
    evidence: tuple[str, ...] = ()
    switch: str = ""


class RefusedByGuard(OpsctlError):
    """A guard, a person or the lack of one said no; nothing was changed. `guards` are those that have a name."""

    exit_code = Exit.REFUSED
    outcome = Outcome.REFUSED

    def __init__(
        self, summary: str, hint: str = "", evidence: Sequence[str] = (), guards: Sequence[GuardRefusal] = ()
    ) -> None:
        super().__init__(summary, hint)
        self.evidence = tuple(evidence)
        self.guards = tuple(guards)


class Drifted(OpsctlError):
    """The account no longer matches the plan; nothing further was changed."""

    exit_code = Exit.DRIFTED
    outcome = Outcome.DRIFTED


class Unproved(OpsctlError):
    """Everything was applied, but a proof or check did not hold in time."""

    exit_code = Exit.UNPROVED
    outcome = Outcome.UNPROVED


class Interrupted(OpsctlError):
    """Ctrl-C: the call in flight was finished and the journal knows where the run stands."""

    exit_code = Exit.INTERRUPTED
    outcome = Outcome.INTERRUPTED


class FactUnknown(OpsctlError):
    """Something that planning needs could not be read."""

    outcome = Outcome.UNREAD

    def __init__(self, refusal: Refusal, hint: str = "") -> None:
        super().__init__(f"cannot tell: {refusal}", hint or _what_helps(refusal))
        self.refusal = refusal


_OF_CREDENTIALS = ("sts.", "sso.", "sso-oidc.", "signin.")


def _what_helps(refusal: Refusal) -> str:
    """Say what to do about a read that was refused: no permission helps where the credentials are at fault."""
    at_fault = refusal.code.startswith("ExpiredToken") or refusal.api.startswith(_OF_CREDENTIALS)
    if at_fault or refusal.kind is RefusalKind.UNREACHABLE:
        return f"{look_command('doctor')} says what is wrong with the connection and the credentials"
    return "give the caller read permission, or ask who owns it"


_FULL = re.compile(r"Limits?Exceeded|QuotaExceeded")
_OF_FULL = (
    "a quota is used up, perhaps by others since the plan was made: undo the run, which takes back what it has "
    "done, and plan again"
)


class AwsRefused(OpsctlError):
    """AWS refused a call for certain: it was not carried out."""

    outcome = Outcome.AWS_REFUSED

    def __init__(self, refusal: Refusal) -> None:
        full = _FULL.search(refusal.code) is not None and refusal.kind is not RefusalKind.THROTTLED
        super().__init__(str(refusal), _OF_FULL if full else "")
        self.refusal = refusal


class OutcomeUnknown(OpsctlError):
    """A call was sent and its answer was lost; only a proof can tell whether it happened."""

    outcome = Outcome.UNKNOWN
