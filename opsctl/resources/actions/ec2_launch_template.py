"""Makes a launch template."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Query
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.ec2_launch_template_calls import (
    create_template,
    delete_template,
    template_is_absent,
    template_is_ours,
    templates_named,
)
from opsctl.resources.marks import described, with_mark


class Ec2LaunchTemplate(Action):
    """Create a launch template; undo deletes it.

    User data is taken from an instance at the moment of the call, so that it stands in no plan file.
    """

    name: ClassVar[str] = "ec2.launch_template"
    outputs: ClassVar[tuple[str, ...]] = ("id",)

    template: str = Field(description="Name of the launch template; not in use yet.")
    image: Json = Field(None, description="Id of the image, or a reference to one that an earlier step makes.")
    data: dict[str, Json] = Field(description="LaunchTemplateData, without the image and the user data.")
    user_data_of: str = Field("", description="Id of the instance whose user data is copied; empty: none.")
    tags: dict[str, str] = Field({}, description="Tags of the launch template.")
    why: str = Field(description="What the launch template is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateLaunchTemplate."""
        answer = yield from require(templates_named(self.template))
        if answer.get("LaunchTemplates"):
            raise RefusedByGuard(
                f"there is a launch template {self.template} already; nothing was changed",
                "choose another name, or delete it if it is unused",
            )
        data = dict(self.data)
        outputs = {"id": Query(read=templates_named(self.template), query="LaunchTemplates[0].LaunchTemplateId")}
        if self.image:
            data["ImageId"] = self.image
        if self.user_data_of:
            params = {"InstanceId": self.user_data_of, "Attribute": "userData"}
            read = Read(service="ec2", operation="DescribeInstanceAttribute", params=params)
            outputs["user_data"] = Query(read=read, query="UserData.Value")
            data["UserData"] = reference("create", "user_data")
        made = create_template(
            self.template,
            data,
            described(about.plan_id, "first version")[:255],
            f"{about.plan_id}-template",
            with_mark(about.plan_id, self.tags),
        )
        return [
            Change(
                **dict(made),
                id="create",
                title=f"Create launch template {self.template}",
                why=self.why,
                expect=(template_is_absent(self.template),),
                proof=Proof(configured=(template_is_ours(self.template, about.plan_id),), within_s=60),
                undo=delete_template(self.template),
                outputs=outputs,
            )
        ]
