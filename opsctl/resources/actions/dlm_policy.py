"""Makes a policy of Data Lifecycle Manager."""

from typing import ClassVar, Literal

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.resources.dlm_calls import (
    MOST_KEPT,
    Hours,
    create_policy,
    delete_policy,
    details_of,
    no_policy_targets,
    policies_of,
    policy_id,
    policy_is,
    policy_is_as_planned,
    policy_is_enabled,
)
from opsctl.resources.marks import with_mark


class DlmPolicy(Action):
    """Have Data Lifecycle Manager snapshot all data volumes of instances with a tag; undo deletes the policy.

    Each run makes one crash-consistent set an instance, without the root volume, with the volumes' own tags. The
    snapshots stay after an undo, and then nobody deletes them.
    """

    name: ClassVar[str] = "dlm.policy"
    outputs: ClassVar[tuple[str, ...]] = ("policy_id",)

    tag: str = Field(description="Key of the tag of the instances; no policy targets it yet.")
    value: str = Field(description="Value of that tag.")
    role: str = Field(description="ARN of the role that the snapshots are taken with.")
    every_h: Hours = Field(description="Hours between two runs; a run starts within an hour after its time.")
    keep: int = Field(48, ge=1, le=MOST_KEPT, description="How many snapshots of each volume are kept.")
    snapshot_tags: dict[str, str] = Field({}, description="Tags that every snapshot gets.")
    variable_tags: dict[str, Literal["$(instance-id)", "$(timestamp)"]] = Field(
        {}, description="Tags with the instance or the time of the run."
    )
    tags: dict[str, str] = Field({}, description="Tags of the policy.")
    why: str = Field(description="What the snapshots are for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateLifecyclePolicy."""
        answer = yield from require(policies_of(self.tag, self.value))
        target = f"{self.tag}={self.value}"
        if answer.get("Policies"):
            raise RefusedByGuard(
                f"policy {answer['Policies'][0]['PolicyId']} targets {target} already; nothing was changed",
                "delete it first, or use another tag",
            )
        details = details_of(
            self.tag,
            self.value,
            hours=self.every_h,
            keep=self.keep,
            tags=self.snapshot_tags,
            variable_tags=self.variable_tags,
        )
        tags = with_mark(about.plan_id, self.tags)
        every = "every hour" if self.every_h == 1 else f"every {self.every_h} hours"
        here = self.tag, self.value
        return [
            Change(
                **dict(create_policy(self.role, f"opsctl snapshots of {self.value}", details, tags)),
                id="create",
                title=f"Create snapshot policy for {target}: {every}, by Data Lifecycle Manager",
                why=self.why,
                expect=(policy_is(*here, about.plan_id, there=False), no_policy_targets(*here)),
                proof=Proof(
                    configured=(policy_is(*here, about.plan_id, there=True),),
                    effective=(
                        policy_is_enabled(*here, about.plan_id),
                        policy_is_as_planned("create", details),
                    ),
                    within_s=60,
                ),
                undo=delete_policy("create"),
                risk=Risk(
                    severity=Severity.MEDIUM,
                    note=(
                        f"Two sets can be {self.every_h + 1} hours apart: a run starts up to an hour late. "
                        f"It deletes its own snapshots except the newest {self.keep} of each volume."
                    ),
                ),
                outputs={"policy_id": policy_id(*here, about.plan_id)},
            )
        ]
