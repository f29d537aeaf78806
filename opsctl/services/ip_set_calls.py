"""WAFv2 IP sets: creating, filling, emptying and deleting them, and telling what is in them."""

from collections.abc import Sequence

from opsctl.model.changes import Check, EditSpec, Element, Instruction, Query, Retry
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.value import Json, Value

LOCKED = ("WAFOptimisticLockException",)
NOT_YET_VISIBLE = Retry(codes=("WAFUnavailableEntityException",), within_s=600)
STILL_REFERENCED = Retry(codes=("WAFAssociatedItemException", "WAFUnavailableEntityException"), within_s=300)


class IpSetKey(Value):
    """What names an IP set: name, scope, region, and its id, which may be a reference."""

    name: str
    scope: str
    region: str
    id: Json

    def params(self) -> dict[str, Json]:
        """The parameters that every call on the set takes."""
        return {"Name": self.name, "Scope": self.scope, "Id": self.id}

    def read(self) -> Read:
        """Read the set."""
        return Read(service="wafv2", operation="GetIPSet", params=self.params(), region=self.region)


def list_ip_sets(scope: str, region: str) -> Read:
    """Read all IP sets of a scope."""
    return Read(service="wafv2", operation="ListIPSets", params={"Scope": scope}, region=region)


def create_ip_set(
    key: IpSetKey, version: int, addresses: Sequence[str], description: str, plan_id: str
) -> Instruction:
    """Create a set that holds these addresses and carries the plan's mark."""
    return Instruction(
        kind="call",
        service="wafv2",
        operation="CreateIPSet",
        region=key.region,
        params={
            "Name": key.name,
            "Scope": key.scope,
            "Description": description,
            "IPAddressVersion": f"IPV{version}",
            "Addresses": list(addresses),
            "Tags": [{"Key": "opsctl:plan", "Value": plan_id}],
        },
    )


def delete_ip_set(key: IpSetKey) -> Instruction:
    """Delete a set under its lock; a rule that was just removed may still hold it for a while."""
    return Instruction(
        kind="edit",
        service="wafv2",
        operation="DeleteIPSet",
        region=key.region,
        params=key.params(),
        edit=EditSpec(read=key.read(), carry={"LockToken": "LockToken"}, conflicts=LOCKED),
        retry=STILL_REFERENCED,
    )


def edit_addresses(key: IpSetKey, op: str, addresses: Sequence[str]) -> Instruction:
    """Add or remove exactly these addresses; whatever else is in the set stays as it is."""
    return Instruction(
        kind="edit",
        service="wafv2",
        operation="UpdateIPSet",
        region=key.region,
        params=key.params(),
        edit=EditSpec(
            read=key.read(),
            carry={
                "Addresses": "IPSet.Addresses",
                "Description": "IPSet.Description || `null`",
                "LockToken": "LockToken",
            },
            elements=tuple(
                Element.model_validate({"op": op, "at": "Addresses", "value": address, "networks": True})
                for address in addresses
            ),
            conflicts=LOCKED,
        ),
        retry=NOT_YET_VISIBLE,
    )


def set_with_mark(key: IpSetKey, description: str, *, present: bool) -> Check:
    """There is a set of this name with the plan's mark, or none of this name at all."""
    read = list_ip_sets(key.scope, key.region)
    if present:
        return Check(
            read=read,
            query=f"IPSets[?Name=='{key.name}'] | [0].Description",
            op="equals",
            value=description,
            says=f"IP set {key.name} exists and carries this plan's mark",
        )
    return Check(
        read=read,
        query=f"IPSets[?Name=='{key.name}'] | [0].Name",
        op="empty",
        says=f"there is no IP set {key.name} yet",
    )


def addresses_in(key: IpSetKey, addresses: Sequence[str], *, present: bool) -> Check:
    """The set has all of these addresses, or none of them."""
    listed = ", ".join(addresses[:3]) + (f" and {len(addresses) - 3} more" if len(addresses) > 3 else "")
    return Check(
        read=key.read(),
        query="IPSet.Addresses",
        op="contains" if present else "excludes",
        value=list(addresses),
        networks=True,
        says=f"IP set {key.name} {'has' if present else 'does not have'} {listed}",
    )


def outputs_of_set(name: str, scope: str, region: str) -> dict[str, Query]:
    """Where the id and ARN of a set are found again by its name."""
    read = list_ip_sets(scope, region)
    return {
        "id": Query(read=read, query=f"IPSets[?Name=='{name}'] | [0].Id"),
        "arn": Query(read=read, query=f"IPSets[?Name=='{name}'] | [0].ARN"),
    }


def key_of_new(name: str, scope: str, region: str, change_id: str) -> IpSetKey:
    """The key of a set that a change of the same plan creates."""
    return IpSetKey(name=name, scope=scope, region=region, id=reference(change_id, "id"))
