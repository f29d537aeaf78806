"""Which networks a call shuts out, as far as the call itself says so."""

from opsctl.model.changes import Instruction
from opsctl.model.networks import Network, parse_network
from opsctl.model.value import Json, all_texts

_ENTRIES = ("ec2.CreateNetworkAclEntry", "ec2.ReplaceNetworkAclEntry")
_SETS = ("wafv2.CreateIPSet", "wafv2.UpdateIPSet")


def blocked_by(instruction: Instruction) -> list[Network]:
    """Return the networks that a call denies at a network ACL, or puts into an IP set of AWS WAF."""
    found = []
    for text in texts_blocked_by(instruction):
        try:
            found.append(parse_network(text))
        except ValueError:
            continue  # AWS takes no such text either
    return found


def texts_blocked_by(instruction: Instruction) -> list[str]:
    """Return those networks as the call writes them, whether they are any or not."""
    if instruction.api in _ENTRIES and str(instruction.params.get("RuleAction")).lower() == "deny":
        return _strings([instruction.params.get(name) for name in ("CidrBlock", "Ipv6CidrBlock")])
    if instruction.api not in _SETS:
        return []
    found = _strings(instruction.params.get("Addresses"))
    for element in instruction.edit.elements if instruction.edit else ():
        if element.op in ("add", "set"):
            found += _strings(element.value)
    return found


def _strings(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple)):
        return []
    if all_texts(value):
        return list(value)
    return [text for item in value for text in _strings(item)]
