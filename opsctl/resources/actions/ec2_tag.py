"""Tags an EC2 resource."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.resources.ec2 import parse_tags
from opsctl.resources.ec2_tag_calls import create_tags, delete_tags, describe_tags, has_none_of, has_tags


class Ec2Tag(Action):
    """Put tags on an EC2 resource; undo takes them off, unless somebody has given them other values since.

    A tag that is there with the same value gives no change; one with another value is never overwritten.
    """

    name: ClassVar[str] = "ec2.tag"

    resource: str = Field(description="Id of the instance, volume, address, or other resource.")
    tags: dict[str, str] = Field(description="The tags.")
    why: str = Field(description="What the tags are for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateTags with what is missing."""
        answer = yield from require(describe_tags(self.resource))
        present = parse_tags(answer)
        other = {key: present[key] for key, value in self.tags.items() if present.get(key, value) != value}
        if other:
            raise RefusedByGuard(
                f"{self.resource} already has these tags with other values: {other}; nothing was changed",
                "remove those tags first, if nobody needs them",
            )
        missing = {key: value for key, value in self.tags.items() if key not in present}
        if not missing:
            return []
        tagged = has_tags(self.resource, missing)
        return [
            Change(
                **dict(create_tags(self.resource, missing)),
                id=self.resource,
                title=f"Tag {self.resource} {', '.join(f'{k}={v}' for k, v in sorted(missing.items()))}",
                why=self.why,
                expect=(has_none_of(self.resource, missing),),
                proof=Proof(configured=(tagged,), within_s=60),
                undo=delete_tags(self.resource, missing),
                undo_only_if=(tagged,),
            )
        ]
