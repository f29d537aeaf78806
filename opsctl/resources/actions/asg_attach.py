"""Puts a running instance under an Auto Scaling group."""

from typing import ClassVar

from pydantic import Field, field_validator

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.commands import presumes
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_calls import (
    GONE_WITHIN_S,
    attach_instance,
    detach_instances,
    group_has_instance,
    group_is_empty,
    group_is_in_service,
    instances_of,
)
from opsctl.resources.asg_undo_steps import one_is_in_service
from opsctl.resources.ec2_instance_calls import is_alive


class AsgAttach(Action):
    """Attach a running instance to an empty group, without a stop; no hook runs.

    Undo detaches whatever instance the group has by then, alive and with its address and volumes. It waits until
    one is in service; where that is in vain it says what `status` and `launch_hook` tell it.
    """

    name: ClassVar[str] = "asg.attach"
    outputs: ClassVar[tuple[str, ...]] = ("instances",)

    group: str = Field(description="Name of the group; empty, and large enough.")
    instance: str = Field(description="Id of the running instance.")
    note: str = Field("", description="Extra note for the approver.")
    status: tuple[str, ...] = Field(
        (), description="opsctl command, word by word, that tells what keeps an instance from service."
    )
    launch_hook: str = Field("", description="Lifecycle hook in which a new instance may wait.")
    why: str = Field(description="What the group does for the instance.")

    @field_validator("status")
    @classmethod
    def _only_looks(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if any(map(presumes, words)):
            raise ValueError("a command to type must neither give consent nor use another account")
        return words

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one AttachInstances."""
        yield []
        return [
            Change(
                **dict(attach_instance(self.group, self.instance)),
                id="attach",
                title=f"Attach {self.instance} to {self.group}; it keeps running",
                why=self.why,
                expect=(group_is_empty(self.group), is_alive(self.instance)),
                proof=Proof(
                    configured=(group_has_instance(self.group),),
                    effective=(group_is_in_service(self.group),),
                    within_s=GONE_WITHIN_S,
                ),
                undo=detach_instances(self.group, "attach"),
                undo_first=(
                    one_is_in_service(
                        self.group, about.commands, status=self.status, launch_hook=self.launch_hook
                    ),
                ),
                risk=Risk(severity=Severity.MEDIUM, affects=(self.instance,), note=self.note),
                outputs={"instances": instances_of(self.group)},
            )
        ]
