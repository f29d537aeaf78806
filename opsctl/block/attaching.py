"""How a web ACL is attached to a resource, taken off it, and seen there: one row for each kind of resource."""

from collections.abc import Callable
from dataclasses import dataclass

from opsctl.block import distribution_calls as cloudfront
from opsctl.block import tenants
from opsctl.block import web_acl_calls as web_acls
from opsctl.model.changes import Change, Check, Instruction, Proof, Risk
from opsctl.model.value import Json, Value

VISIBLE_WITHIN_S = 60


class Protected(Value):
    """What a web ACL protects: a node kind's name, ARN or id, what people call it, and the web ACL's region."""

    kind: str
    resource: str
    display: str
    region: str


@dataclass(frozen=True)
class AttachmentCalls:
    """The calls about one kind of resource; `has` takes None for no web ACL, `note` is a risk of attaching one."""

    attach: Callable[[Protected, Json], Instruction]
    detach: Callable[[Protected], Instruction]
    has: Callable[[Protected, Json], Check]
    deployed: Callable[[Protected], tuple[Check, ...]] = lambda _: ()
    within_s: int = VISIBLE_WITHIN_S
    note: str = ""


_BY_WAF = AttachmentCalls(
    attach=lambda it, web_acl: web_acls.associate(web_acl, it.resource, it.region),
    detach=lambda it: web_acls.disassociate(it.resource, it.region),
    has=lambda it, web_acl: web_acls.resource_has(it.resource, it.region, web_acl, it.display),
)
_DISTRIBUTION = AttachmentCalls(
    attach=lambda it, web_acl: cloudfront.attach_web_acl(it.resource, web_acl),
    detach=lambda it: cloudfront.detach_web_acl(it.resource),
    has=lambda it, web_acl: cloudfront.distribution_has(it.resource, web_acl, it.display),
    deployed=lambda it: (cloudfront.is_deployed(it.resource, it.display),),
    within_s=cloudfront.DEPLOYED_WITHIN_S,
)
_TENANT = AttachmentCalls(
    attach=lambda it, web_acl: tenants.attach_web_acl(it.resource, web_acl),
    detach=lambda it: tenants.disable_web_acl(it.resource),
    has=lambda it, web_acl: tenants.tenant_has(it.resource, web_acl, it.display),
    deployed=lambda it: (tenants.is_deployed(it.resource, it.display),),
    within_s=cloudfront.DEPLOYED_WITHIN_S,
    note="Somebody has disabled AWS WAF for this tenant; the block turns it on again, and undo turns it off.",
)
ATTACHMENTS: dict[str, AttachmentCalls] = {
    "alb": _BY_WAF,
    "amplify_app": _BY_WAF,
    "app_runner": _BY_WAF,
    "distribution": _DISTRIBUTION,
    "distribution_tenant": _TENANT,
    "graphql_api": _BY_WAF,
    "rest_stage": _BY_WAF,
    "user_pool": _BY_WAF,
    "verified_access": _BY_WAF,
}
"""By kind of node. WAF's own calls serve all but CloudFront (WAFV2 API reference, AssociateWebACL)."""


def is_attached(it: Protected, web_acl: Json, *, so: bool) -> Check:
    """The resource has this web ACL, or has another or none."""
    there = ATTACHMENTS[it.kind].has(it, web_acl)
    if so:
        return there
    says = f"{it.display} is not protected by our web ACL"
    return there.model_copy(
        update={"query": f"[{there.query}]", "op": "excludes", "value": [web_acl], "says": says}
    )


def attach_change(
    it: Protected, web_acl: Json, *, why: str, risk: Risk, unused: tuple[Check, ...], after: tuple[str, ...]
) -> Change:
    """Attach a web ACL to a resource that has none; undo takes it off while `unused` says that nobody needs it."""
    calls = ATTACHMENTS[it.kind]
    return Change(
        **dict(calls.attach(it, web_acl)),
        id=f"attach-{it.resource}",
        title=f"Associate the web ACL with {it.display}",
        why=why,
        risk=risk.model_copy(update={"note": " ".join(text for text in (risk.note, calls.note) if text)}),
        expect=(calls.has(it, None),),
        proof=Proof(
            configured=(is_attached(it, web_acl, so=True),), effective=calls.deployed(it), within_s=calls.within_s
        ),
        undo=calls.detach(it),
        undo_only_if=unused,
        depends_on=after,
    )
