"""The plug-ins a command works with."""

from opsctl.model.jobs import Job
from opsctl.model.run import Action, Lookup
from opsctl.model.value import Value


class Registry(Value):
    """The plug-ins found on disk, by the names that playbooks use."""

    model_config = {"arbitrary_types_allowed": True}

    lookups: dict[str, type[Lookup]]
    actions: dict[str, type[Action]]
    jobs: dict[str, type[Job]] = {}
