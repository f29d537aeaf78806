"""Lets a role use a KMS key for EBS volumes."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Proof, Query, Retry, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.run import Action, Context

# Auto Scaling user guide, "Required KMS key policy for use with encrypted volumes".
_OPERATIONS = (
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "DescribeKey",
    "CreateGrant",
)


class KmsGrant(Action):
    """Grant a role the use of a customer key for EBS volumes; undo revokes the grant."""

    name: ClassVar[str] = "kms.grant"

    key: str = Field(description="ARN of the key.")
    principal: str = Field(description="ARN of the role.")
    grant: str = Field(description="Name of the grant; not in use on this key yet.")
    why: str = Field(description="What the role does with it.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateGrant."""
        yield []
        params = {
            "KeyId": self.key,
            "GranteePrincipal": self.principal,
            "Operations": list(_OPERATIONS),
            "Name": self.grant,
        }
        # A service-linked role that has just been made cannot be named for some seconds.
        made = Instruction(
            kind="call",
            service="kms",
            operation="CreateGrant",
            params=params,
            retry=Retry(codes=("InvalidArnException",), within_s=60),
        )
        grants = Read(service="kms", operation="ListGrants", params={"KeyId": self.key})
        id_ = f"Grants[?Name=='{self.grant}'].GrantId | [0]"
        return [
            Change(
                **dict(made),
                id="grant",
                title=f"Grant {self.principal.rpartition('/')[2]} the use of key {self.key.rpartition('/')[2]}",
                why=self.why,
                expect=(Check(read=grants, query=id_, op="empty", says=f"there is no grant {self.grant}"),),
                proof=Proof(
                    configured=(Check(read=grants, query=id_, op="present", says=f"grant {self.grant} exists"),),
                    within_s=300,
                ),
                undo=Instruction(
                    kind="call",
                    service="kms",
                    operation="RevokeGrant",
                    params={"KeyId": self.key, "GrantId": reference("grant", "id")},
                ),
                risk=Risk(severity=Severity.MEDIUM, note="Only for volumes that this role attaches or launches."),
                outputs={"id": Query(read=grants, query=id_)},
            )
        ]
