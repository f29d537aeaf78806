"""What is asked about a way in once a block is planned there, to be read while the ways in are still explored."""

from collections.abc import Sequence

from opsctl.block import wafv2
from opsctl.block.affected import reads_beside
from opsctl.block.asked import Asked
from opsctl.block.network_acl_calls import describe_network_acl
from opsctl.block.topology.graph import Node
from opsctl.block.topology.webacl import WebAcl
from opsctl.block.usable_sets import blocking_sets
from opsctl.block.waf_state import state_reads
from opsctl.model.reads import Read
from opsctl.model.run import Context


def reads_about(node: Node, asked: Asked, about: Context) -> Sequence[Read]:
    """Return the reads that a block at an entrance needs; none where a block is certainly not made.

    They save rounds and decide nothing: whoever needs an answer asks for it again and gets the one that is known.
    """
    shut = node.groups is not None and node.groups.only_lists
    if not asked.addresses or not node.entrance or node.blind or shut:
        return ()
    return (*_nacl(node, asked, about), *_waf(node, asked))


def _nacl(node: Node, asked: Asked, about: Context) -> list[Read]:
    gate = node.nacl
    wanted = asked.layer in ("auto", "nacl") and asked.mode == "block"
    if not wanted or gate is None or gate.unknown or node.place.region not in ("", about.region):
        return []
    return [describe_network_acl(acl.id) for acl in gate.acls]


def _waf(node: Node, asked: Asked) -> list[Read]:
    gate = node.waf
    if gate is None or gate.unknown or gate.classic or (gate.web_acl is None and node.fixed):
        return []
    if asked.layer not in ("auto", "waf") and (asked.layer, gate.scope) != ("cloudfront", "CLOUDFRONT"):
        return []
    region = wafv2.CLOUDFRONT_REGION if gate.scope == "CLOUDFRONT" else node.place.region
    if gate.web_acl is None:
        return state_reads("", gate.scope, region)
    arn = gate.web_acl.arn
    return [*state_reads(arn, gate.scope, region), *reads_beside(arn), *_tags_of_sets(gate.web_acl, asked)]


def _tags_of_sets(acl: WebAcl, asked: Asked) -> list[Read]:
    """Read whose the sets are that the web ACL blocks already; only a block goes into one of them."""
    versions = asked.versions if asked.mode == "block" else ()
    return [
        wafv2.list_tags(one.ip_set.arn)
        for version in versions
        for one in blocking_sets(
            acl, version, [it for it in asked.networks if it.version == version], asked.forwarded
        )
    ]
