"""The examples of all actions, by the action's name; what follows a comma tells several of one action apart."""

from tests.registry import (
    examples_batch,
    examples_block,
    examples_caches,
    examples_dlq,
    examples_efa,
    examples_events,
    examples_events_rules,
    examples_groups,
    examples_instances,
    examples_resources,
    examples_tune,
)
from tests.registry.example import Example

_ROOMS = (
    examples_batch,
    examples_block,
    examples_caches,
    examples_dlq,
    examples_efa,
    examples_events,
    examples_events_rules,
    examples_groups,
    examples_instances,
    examples_resources,
    examples_tune,
)
EXAMPLES: dict[str, Example] = {name: one for room in _ROOMS for name, one in room.EXAMPLES.items()}


def action_of(example: str) -> str:
    """The action that an example is of."""
    return example.partition(",")[0]
