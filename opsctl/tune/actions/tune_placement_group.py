"""Makes a placement group."""

from typing import ClassVar, Literal

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Proof, Query, Retry
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG, tag_specifications, with_mark


class TunePlacementGroup(Action):
    """Create a placement group. Undo deletes it, which AWS refuses while an instance or a reservation is in it."""

    name: ClassVar[str] = "tune.placement_group"

    group: str = Field(description="Name of the group, not in use yet; empty: nothing is to be done.")
    strategy: Literal["cluster", "spread", "partition"] = Field(description="How instances are placed.")
    why: str = Field(description="What it is for.")
    tags: dict[str, str] = Field({}, description="Tags of the group.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreatePlacementGroup."""
        yield []
        if not self.group:
            return []
        params: dict[str, Json] = {
            "GroupName": self.group,
            "Strategy": self.strategy,
            "TagSpecifications": tag_specifications(with_mark(about.plan_id, self.tags), "placement-group"),
        }
        return [
            Change(
                **dict(Instruction(kind="call", service="ec2", operation="CreatePlacementGroup", params=params)),
                id="group",
                title=f"Create {self.strategy} placement group {self.group}",
                why=self.why,
                expect=(_group_exists(self.group, there=False),),
                proof=Proof(configured=(_group_is_ours(self.group, about.plan_id),), within_s=60),
                undo=Instruction(
                    kind="call",
                    service="ec2",
                    operation="DeletePlacementGroup",
                    params={"GroupName": self.group},
                    retry=Retry(codes=("InvalidPlacementGroup.InUse",), within_s=120),
                ),
            )
        ]


def groups_named(name: str) -> Read:
    """Read the placement group of a name; a filter finds nothing where a name would be an error."""
    filters = [{"Name": "group-name", "Values": [name]}]
    return Read(service="ec2", operation="DescribePlacementGroups", params={"Filters": filters})


def _group_exists(name: str, *, there: bool) -> Check:
    return Check(
        read=groups_named(name),
        query="PlacementGroups[?State!='deleted'].GroupName",
        op="present" if there else "empty",
        says=f"there is {'a' if there else 'no'} placement group {name}",
    )


def _group_is_ours(name: str, plan_id: str) -> Check:
    found = Query(
        read=groups_named(name),
        query=f"PlacementGroups[?State=='available'].Tags[] | [?Key=='{PLAN_TAG}'].Value | [0]",
    )
    return Check(
        **dict(found), op="equals", value=plan_id, says=f"placement group {name} is this plan's, and can be used"
    )
