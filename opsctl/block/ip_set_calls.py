"""WAFv2 IP sets: creating, filling and emptying them, and telling what is in them."""

import json
from collections.abc import Mapping, Sequence

from opsctl.block.waf_objects import LOCKED, NOT_YET_VISIBLE, WafKey
from opsctl.model.changes import Check, EditSpec, Element, Instruction, Query
from opsctl.model.sentences import first_few
from opsctl.resources.marks import tag_list


def create_ip_set(
    key: WafKey,
    version: int,
    description: str,
    plan_id: str,
    addresses: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
) -> Instruction:
    """Create a set that carries the plan's mark, and other tags."""
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
            "Tags": tag_list({"opsctl:plan": plan_id} | dict(tags or {})),
        },
    )


def edit_addresses(key: WafKey, op: str, addresses: Sequence[str], spares: Query | None = None) -> Instruction:
    """Add or remove exactly these addresses; whatever else is in the set stays, and so does what is spared."""
    return _update(key, [(op, addresses)], spares)


def exchange_addresses(key: WafKey, added: Sequence[str], removed: Sequence[str]) -> Instruction:
    """Add some addresses and remove others in one call."""
    return _update(key, [(op, some) for op, some in (("remove", removed), ("add", added)) if some])


def _update(key: WafKey, edits: Sequence[tuple[str, Sequence[str]]], spares: Query | None = None) -> Instruction:
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
            document="IPSet",
            elements=tuple(
                Element.model_validate(
                    {"op": op, "at": "Addresses", "value": list(some), "networks": True, "each": True}
                )
                for op, some in edits
            ),
            conflicts=LOCKED,
            spares=spares,
        ),
        retry=NOT_YET_VISIBLE,
    )


def nothing_but(key: WafKey, addresses: Sequence[str]) -> Check:
    """The set has no address beside these: nobody else relies on it."""
    return Check(
        read=key.read(),
        query="IPSet.Addresses",
        op="within",
        value=list(addresses),
        networks=True,
        says=f"IP set {key.name} has no addresses except those of this run",
    )


def holds_near(key: WafKey, wanted: Sequence[str], held: Sequence[str]) -> Check:
    """Of the blocks in the set, exactly `held` share an address with those wanted."""
    asked = first_few(wanted, 3)
    literal = json.dumps(list(wanted))
    return Check(
        read=key.read(),
        query=f"sort(overlap(IPSet.Addresses || `[]`, `{literal}`))",
        op="equals",
        value=sorted(held),
        context=True,
        says=f"IP set {key.name} holds {', '.join(held) + ' alone' if held else 'nothing'} of {asked}",
    )


def is_unchanged(key: WafKey, held: Sequence[str]) -> Check:
    """The set holds what it held when it was read: asked where there are too many addresses to name in a query."""
    return Check(
        read=key.read(),
        query="sort(IPSet.Addresses || `[]`)",
        op="equals",
        value=sorted(held),
        context=True,
        says=f"IP set {key.name} is as it was when the plan was made",
    )


def some_left_in(key: WafKey, addresses: Sequence[str]) -> Check:
    """The set has at least one of these addresses."""
    return Check(
        read=key.read(),
        query="IPSet.Addresses",
        op="meets",
        value=list(addresses),
        networks=True,
        says=f"IP set {key.name} has {first_few(addresses, 3)}, or some of it",
    )


def addresses_in(key: WafKey, addresses: Sequence[str], *, present: bool) -> Check:
    """The set has all of these addresses, or none of them."""
    listed = first_few(addresses, 3)
    return Check(
        read=key.read(),
        query="IPSet.Addresses",
        op="contains" if present else "excludes",
        value=list(addresses),
        networks=True,
        says=f"IP set {key.name} {'has' if present else 'does not have'} {listed}",
    )
