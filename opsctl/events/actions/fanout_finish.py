"""Takes what a producer needed to send to queues itself out of one of its inline policies."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.send_rights import NarrowedStatement
from opsctl.model.changes import Change, Check, EditSpec, Element, Instruction, JsonText, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.value import Json
from opsctl.resources.actions.iam_role import delete_policy, policy_is, put_policy

_FOUND = "[PolicyDocument.Statement][]"


class FanoutFinishAction(Action):
    """Take statements out of a role's inline policy, or put narrower ones in their place; undo puts them back.

    Other statements are written back as they were read just before: IAM has no lock for this.
    """

    name: ClassVar[str] = "fanout.finish"

    role: str = Field(description="Name of the role.")
    policy: str = Field(description="Name of the inline policy.")
    statements: list[NarrowedStatement] = Field(description="Statements, each with what takes its place.")
    whole: bool = Field(default=False, description="Whether nothing of the policy is left.")
    document: dict[str, Json] = Field(description="The policy as it is, for an undo where nothing of it is left.")
    why: str = Field(description="Why the role does not need it any more.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one PutRolePolicy, or one DeleteRolePolicy where nothing is left."""
        yield from ()
        old = [one.old for one in self.statements]
        new = [statement for one in self.statements for statement in one.new]
        do, undo, proof = self._written(old, new)
        return [
            Change(
                **dict(do),
                id="rights",
                title=f"Take sending to the queues out of policy {self.policy} of role {self.role}",
                why=sentence(self.why),
                expect=(self._has(old, says="still lets it send"),),
                proof=Proof(configured=proof, within_s=60),
                undo=undo,
                risk=Risk(
                    severity=Severity.HIGH,
                    affects=(self.role,),
                    note="Whatever still sends by this role gets AccessDenied, within seconds to a minute.",
                ),
            )
        ]

    def _written(
        self, old: list[dict[str, Json]], new: list[dict[str, Json]]
    ) -> tuple[Instruction, Instruction, tuple[Check, ...]]:
        if self.whole:
            gone = policy_is(self.role, self.policy, there=False)
            return (
                delete_policy(self.role, self.policy),
                put_policy(self.role, self.policy, self.document),
                (gone,),
            )
        lacks = Check(
            read=self._read(),
            query=_FOUND,
            op="excludes",
            value=old,
            says=f"policy {self.policy} does not let it send any more",
        )
        kept = (self._has(new, says="lets it do what else it did"),) if new else ()
        return self._edit(old, new), self._edit(new, old), (lacks, *kept)

    def _edit(self, out: list[dict[str, Json]], into: list[dict[str, Json]]) -> Instruction:
        at = "PolicyDocument.Statement"
        return Instruction(
            kind="edit",
            service="iam",
            operation="PutRolePolicy",
            params={"RoleName": self.role, "PolicyName": self.policy},
            edit=EditSpec(
                read=self._read(),
                carry={"PolicyDocument": "to_string(PolicyDocument)"},
                texts=(
                    JsonText(
                        at="PolicyDocument",
                        blank={"Version": "2012-10-17", "Statement": []},
                        void_without="Statement",
                    ),
                ),
                elements=(
                    *(Element(op="remove", at=at, value=one) for one in out),
                    *(Element(op="add", at=at, value=one) for one in into),
                ),
            ),
        )

    def _read(self) -> Read:
        params = {"RoleName": self.role, "PolicyName": self.policy}
        return Read(service="iam", operation="GetRolePolicy", params=params)

    def _has(self, statements: list[dict[str, Json]], *, says: str) -> Check:
        return Check(
            read=self._read(), query=_FOUND, op="contains", value=statements, says=f"policy {self.policy} {says}"
        )
