"""What the look before touching finds."""

from typing import Literal, TypeAlias

from opsctl.model.value import Value

Mode: TypeAlias = Literal["recover", "standby", "asg"]
ALL_MODES: tuple[Mode, ...] = ("recover", "standby", "asg")
REPLACING: tuple[Mode, ...] = ("standby", "asg")
GROUP_ONLY: tuple[Mode, ...] = ("asg",)
STANDBY_ONLY: tuple[Mode, ...] = ("standby",)
RECOVER_ONLY: tuple[Mode, ...] = ("recover",)

Kind: TypeAlias = Literal["block", "accept", "unknown", "warn", "fix", "carry"]
WORDS: dict[Kind, str] = {
    "block": "blocks",
    "accept": "to accept",
    "unknown": "not readable",
    "warn": "warning",
    "fix": "fixed",
    "carry": "carried over",
}


class PreflightFinding(Value):
    """One finding: what is so, why AWS makes that matter, and what becomes of it.

    `block` refuses the mode, `accept` needs its `flag`, `unknown` could not be read, `warn` is only told, `fix`
    is a step of the plan, `carry` goes into the launch template or the group.
    """

    id: str
    kind: Kind
    what: str
    why: str
    modes: tuple[Mode, ...] = ALL_MODES
    flag: str = ""

    @property
    def words(self) -> str:
        """The kind as people say it."""
        return WORDS[self.kind]


def block(id_: str, what: str, why: str, modes: tuple[Mode, ...] = REPLACING) -> PreflightFinding:
    """A finding that refuses the mode."""
    return PreflightFinding(id=id_, kind="block", what=what, why=why, modes=modes)


def accept(id_: str, what: str, why: str, modes: tuple[Mode, ...] = REPLACING) -> PreflightFinding:
    """A finding that refuses to apply unless it is accepted by name."""
    return PreflightFinding(id=id_, kind="accept", what=what, why=why, modes=modes, flag=f"--accept {id_}")


def warn(id_: str, what: str, why: str, modes: tuple[Mode, ...] = REPLACING) -> PreflightFinding:
    """A finding that is only told."""
    return PreflightFinding(id=id_, kind="warn", what=what, why=why, modes=modes)


def fix(id_: str, what: str, why: str, modes: tuple[Mode, ...] = REPLACING) -> PreflightFinding:
    """A finding that the plan puts right."""
    return PreflightFinding(id=id_, kind="fix", what=what, why=why, modes=modes)


def carry(id_: str, what: str, why: str, modes: tuple[Mode, ...] = REPLACING) -> PreflightFinding:
    """A finding that is carried over to replacements."""
    return PreflightFinding(id=id_, kind="carry", what=what, why=why, modes=modes)
