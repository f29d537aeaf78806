"""What a layer says of a way in, and what every layer needs to say it."""

from opsctl.block.drawing import id_of
from opsctl.block.terms import NEVER
from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.graph import Node
from opsctl.block.topology.nacl import QUOTA
from opsctl.model.paths import Layer, LayerVerdict
from opsctl.model.value import Value


class NodeVerdict(Value):
    """A verdict about one layer at one node; a chosen one closes the way for these IP versions.

    `where` is what acts there, in a few words. One that is `partial` acts, and another has to act too before the
    way is closed. `forwarded` is the header that is looked at there for the client.
    """

    layer: Layer
    node: Node
    chosen: bool
    reason: str
    versions: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()
    where: str = ""
    partial: bool = False
    forwarded: Forwarded | None = None

    def shown(self) -> LayerVerdict:
        """The verdict as the decision reports it."""
        return LayerVerdict(
            layer=self.layer,
            at=self.node.title,
            node=id_of(self.node.place),
            chosen=self.chosen,
            reason=self.reason,
            where=self.where,
        )


class Home(Value):
    """The account and region that the plan is for, and how many inbound rules a network ACL may have there.

    `acl_doubt` is added to what is refused for want of rules when the quota could not be read. `reached_by` is
    what was typed to reach the account. `until` is when the block ends, `now` the time.
    """

    account: str
    region: str
    acl_rules: int = QUOTA
    acl_doubt: str = ""
    reached_by: tuple[str, ...] = ()
    until: str = NEVER
    now: float = 0.0


def rejected(layer: Layer, node: Node, reason: str, unknown: tuple[str, ...] = (), where: str = "") -> NodeVerdict:
    """Reject a layer at a node, with the reason as a sentence and what could not be read."""
    return NodeVerdict(layer=layer, node=node, chosen=False, reason=reason, unknown=unknown, where=where)


def doing(mode: str) -> str:
    """Return what a mode other than `block` does, as a verb."""
    return {"count": "count", "challenge": "challenge", "captcha": "ask for a CAPTCHA"}[mode]
