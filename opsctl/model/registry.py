"""The plug-ins a command works with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from opsctl.model.former_names import FormerName
from opsctl.model.jobs import Job
from opsctl.model.run import Action, Fact


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The plug-ins found on disk, by the names that playbooks use.

    No pydantic model: checking the mappings would import everything they can name.
    """

    facts: Mapping[str, type[Fact]]
    actions: Mapping[str, type[Action]]
    jobs: Mapping[str, type[Job]] = field(default_factory=dict)
    former: Callable[[], Iterable[FormerName]] = tuple
    """What something was called in the version before."""
