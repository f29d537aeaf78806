"""Which networks a call shuts out, as far as the call itself says so."""

from collections.abc import Iterator

from opsctl.model.changes import Instruction
from opsctl.model.networks import Network, parse_network
from opsctl.model.value import Json

_ENTRIES = ("ec2.CreateNetworkAclEntry", "ec2.ReplaceNetworkAclEntry")
_SETS = ("wafv2.CreateIPSet", "wafv2.UpdateIPSet")


def blocked_by(instruction: Instruction) -> list[Network]:
    """Return the networks that a call denies at a network ACL, or puts into an IP set of AWS WAF."""
    found = []
    for text in _texts(instruction):
        try:
            found.append(parse_network(text))
        except ValueError:
            continue  # AWS takes no such text either
    return found


def _texts(instruction: Instruction) -> Iterator[str]:
    if instruction.api in _ENTRIES and str(instruction.params.get("RuleAction")).lower() == "deny":
        yield from _strings([instruction.params.get(name) for name in ("CidrBlock", "Ipv6CidrBlock")])
    elif instruction.api in _SETS:
        yield from _strings(instruction.params.get("Addresses"))
        for element in instruction.edit.elements if instruction.edit else ():
            if element.op in ("add", "set"):
                yield from _strings(element.value)


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)
