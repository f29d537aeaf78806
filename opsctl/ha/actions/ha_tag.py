"""Tags what belongs to a group or a standby."""

from typing import ClassVar

from pydantic import Field

from opsctl.ha.undo.tags import untag_survivors
from opsctl.model.changes import Change
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.actions.ec2_tag import Ec2Tag


class HaTag(Action):
    """Put make-ha's tags on a resource, as `ec2.tag` does; undo also takes them off what replaced an instance."""

    name: ClassVar[str] = "ha.tag"

    resource: str = Field(description="Id of the instance, volume, address, or other resource.")
    tags: dict[str, str] = Field(description="The tags.")
    group: str = Field("", description="Name of the group or standby that replaces it, if it is an instance.")
    why: str = Field(description="What the tags are for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateTags with what is missing."""
        tagged = yield from Ec2Tag(resource=self.resource, tags=self.tags, why=self.why).plan(about)
        first = untag_survivors(self.group, self.resource) if self.group else ()
        return [change.model_copy(update={"undo_first": first}) for change in tagged]
