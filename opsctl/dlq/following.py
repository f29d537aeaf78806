"""The commands to type after a look at dead letters; what was typed to be let look is typed again."""

from collections.abc import Sequence

from opsctl.model.commands import Commands


def after_inspecting(queue: str, overrides: Sequence[str], commands: Commands) -> dict[str, str]:
    """What comes after the messages were seen: each command with what it is good for."""
    asking = [word for name in overrides for word in ("--override", name)]
    return {
        commands.opsctl("dlq", "why", queue, *asking): "logs, last change and throttles of their consumers",
        **redriving(queue, commands),
    }


def redriving(queue: str, commands: Commands) -> dict[str, str]:
    """Where each message would go; nothing is moved yet."""
    dry = commands.opsctl("dlq", "redrive", queue, "--dry-run")
    return {dry: "the plan: where each message would go, and the health of its consumer"}
