"""What IP sets and web ACLs of WAFv2 have in common: names, ids, lists, locks and deletion."""

from opsctl.model.changes import Check, EditSpec, Instruction, Query, Retry
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.value import Json, Value

LOCKED = ("WAFOptimisticLockException",)
NOT_YET_VISIBLE = Retry(codes=("WAFUnavailableEntityException",), within_s=600)
STILL_REFERENCED = Retry(codes=("WAFAssociatedItemException", "WAFUnavailableEntityException"), within_s=300)


class WafKind(Value):
    """A kind of WAFv2 object: how people call it, and AWS's operations on it."""

    what: str
    member: str
    listing: str
    getting: str
    deleting: str


IP_SET = WafKind(what="IP set", member="IPSets", listing="ListIPSets", getting="GetIPSet", deleting="DeleteIPSet")
WEB_ACL = WafKind(
    what="web ACL", member="WebACLs", listing="ListWebACLs", getting="GetWebACL", deleting="DeleteWebACL"
)


class WafKey(Value):
    """What names one object: kind, name, scope, region, and its id, which may be a reference."""

    kind: WafKind
    name: str
    scope: str
    region: str
    id: Json

    @classmethod
    def of_arn(cls, kind: WafKind, arn: str, region: str) -> "WafKey":
        """The key of an existing object: `arn:…:wafv2:REGION:ACCOUNT:regional|global/KIND/NAME/ID`."""
        scope, _, name, identifier = arn.split(":", 5)[5].split("/")
        return cls(
            kind=kind,
            name=name,
            scope="CLOUDFRONT" if scope == "global" else "REGIONAL",
            region=region,
            id=identifier,
        )

    @classmethod
    def of_new(cls, kind: WafKind, name: str, scope: str, region: str, change_id: str) -> "WafKey":
        """The key of an object that a change of the same plan creates."""
        return cls(kind=kind, name=name, scope=scope, region=region, id=reference(change_id, "id"))

    @property
    def _a(self) -> str:
        return f"{'an' if self.kind.what[0] in 'AEIO' else 'a'} {self.kind.what}"

    def params(self) -> dict[str, Json]:
        """The parameters that every call on the object takes."""
        return {"Name": self.name, "Scope": self.scope, "Id": self.id}

    def read(self) -> Read:
        """Read the object."""
        return Read(service="wafv2", operation=self.kind.getting, params=self.params(), region=self.region)

    def deletion(self) -> Instruction:
        """Delete the object under its lock; what referred to it a moment ago may still hold it for a while."""
        return Instruction(
            kind="edit",
            service="wafv2",
            operation=self.kind.deleting,
            region=self.region,
            params=self.params(),
            edit=EditSpec(read=self.read(), carry={"LockToken": "LockToken"}, conflicts=LOCKED),
            retry=STILL_REFERENCED,
        )

    def is_ours(self, description: str) -> Check:
        """There is an object of this name, and it carries the plan's mark."""
        return Check(
            read=list_objects(self.kind, self.scope, self.region),
            query=f"{self.kind.member}[?Name=='{self.name}'] | [0].Description",
            op="equals",
            value=description,
            says=f"{self.kind.what} {self.name} exists and was created by this plan",
        )

    def exists(self) -> Check:
        """There is an object of this name, whichever run made it."""
        absent = self.is_absent()
        return absent.model_copy(update={"op": "present", "says": f"there is {self._a} called {self.name}"})

    def is_absent(self) -> Check:
        """There is no object of this name."""
        return Check(
            read=list_objects(self.kind, self.scope, self.region),
            query=f"{self.kind.member}[?Name=='{self.name}'] | [0].Name",
            op="empty",
            says=f"there is no {self.kind.what} {self.name} yet",
        )

    def outputs(self) -> dict[str, Query]:
        """Where the id and ARN are found again by the name, also when the answer of the creation was lost."""
        read = list_objects(self.kind, self.scope, self.region)
        found = f"{self.kind.member}[?Name=='{self.name}'] | [0]"
        return {"id": Query(read=read, query=f"{found}.Id"), "arn": Query(read=read, query=f"{found}.ARN")}


def list_objects(kind: WafKind, scope: str, region: str) -> Read:
    """Read all objects of a kind in a scope."""
    return Read(service="wafv2", operation=kind.listing, params={"Scope": scope}, region=region)
