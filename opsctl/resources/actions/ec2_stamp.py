"""Stamps an EC2 resource: a tag whose value is new every time."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_tag_calls import create_tags, delete_tags, has_tags


class Ec2Stamp(Action):
    """Put a tag on an EC2 resource in place of an older stamp; undo takes it off, unless there is a newer one."""

    name: ClassVar[str] = "ec2.stamp"

    resource: str = Field(description="Id of the volume or other resource.")
    key: str = Field(description="Key of the tag, which opsctl alone writes.")
    value: str = Field(description="The new value.")
    why: str = Field(description="What the stamp is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateTags."""
        yield []
        tags = {self.key: self.value}
        stamped = has_tags(self.resource, tags)
        absent = stamped.model_copy(
            update={"op": "excludes", "says": (f"{self.resource} does not have this tag value")}
        )
        return [
            Change(
                **dict(create_tags(self.resource, tags)),
                id=self.resource,
                title=f"Stamp {self.resource} {self.key}={self.value}",
                why=self.why,
                expect=(absent,),
                proof=Proof(configured=(stamped,), within_s=60),
                undo=delete_tags(self.resource, tags),
                undo_only_if=(stamped,),
            )
        ]
