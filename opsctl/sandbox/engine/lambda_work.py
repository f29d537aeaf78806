"""What an invocation of a function is given and comes to, and who runs it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import Conditions

FUNCTION_AGENT = "AWS_Lambda_python"
"""What the SDK says of itself in a function, where Lambda sets AWS_EXECUTION_ENV."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One invocation: the code as a zip, its environment and its limits."""

    code: bytes
    handler: str
    env: dict[str, str]
    arn: str
    payload: str
    timeout_s: float
    memory_mb: int = 128
    request: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """The function's name."""
        return self.env["AWS_LAMBDA_FUNCTION_NAME"]


@dataclass
class InvocationOutcome:
    """What an invocation came to; `used_mb` is the most memory that its process had, 0 when nobody can tell."""

    value: Json = None
    error: dict[str, Json] | None = None
    logs: list[str] = field(default_factory=list)
    used_mb: int = 0


class Runner(Protocol):
    """Runs functions; `told` gets every line that one prints, at once."""

    def __call__(self, work: Work, about: Conditions, told: Callable[[str], object]) -> InvocationOutcome:
        """Run one invocation to its end; whatever becomes of the function is an outcome."""
        ...


# Like moto's own backends, one for the process.
_RUNNER: list[Runner] = []


def run_functions_with(runner: Runner) -> None:
    """Say who runs functions from now on."""
    _RUNNER[:] = [runner]


def run(work: Work, about: Conditions, told: Callable[[str], object]) -> InvocationOutcome:
    """Run one invocation."""
    (runner,) = _RUNNER
    return runner(work, about, told)
