"""WAFv2 web ACLs: adding and removing one rule, making and deleting one, attaching it to a load balancer."""

from collections.abc import Sequence

from opsctl.model.changes import Check, EditSpec, Element, Instruction, Query
from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.services.ip_set_calls import LOCKED, NOT_YET_VISIBLE, STILL_REFERENCED

CAPACITY_LIMIT = 5000

# Everything that UpdateWebACL takes and that would be lost when it is not sent (API reference, UpdateWebACL).
_CARRIED = (
    "ApplicationConfig",
    "AssociationConfig",
    "CaptchaConfig",
    "ChallengeConfig",
    "CustomResponseBodies",
    "DataProtectionConfig",
    "DefaultAction",
    "MonetizationConfig",
    "OnSourceDDoSProtectionConfig",
    "Rules",
    "TokenDomains",
    "VisibilityConfig",
)


class WebAclKey(Value):
    """What names a web ACL: name, scope, region, and its id, which may be a reference."""

    name: str
    scope: str
    region: str
    id: Json

    def params(self) -> dict[str, Json]:
        """The parameters that every call on the web ACL takes."""
        return {"Name": self.name, "Scope": self.scope, "Id": self.id}

    def read(self) -> Read:
        """Read the web ACL."""
        return Read(service="wafv2", operation="GetWebACL", params=self.params(), region=self.region)


def key_of_arn(arn: str, region: str) -> WebAclKey:
    """The key of an existing web ACL: `arn:…:wafv2:REGION:ACCOUNT:regional|global/webacl/NAME/ID`."""
    scope, _, name, identifier = arn.split(":", 5)[5].split("/")
    return WebAclKey(
        name=name, scope="CLOUDFRONT" if scope == "global" else "REGIONAL", region=region, id=identifier
    )


def list_web_acls(scope: str, region: str) -> Read:
    """Read the names of all web ACLs of a scope."""
    return Read(service="wafv2", operation="ListWebACLs", params={"Scope": scope}, region=region)


def rule_of(name: str, priority: int, set_arn: Json, action: str) -> dict[str, Json]:
    """The rule that applies an action to every address of a set."""
    return {
        "Name": name,
        "Priority": priority,
        "Statement": {"IPSetReferenceStatement": {"ARN": set_arn}},
        "Action": {action: {}},
        "VisibilityConfig": visibility(name),
    }


def visibility(metric: str) -> dict[str, Json]:
    """Metrics and samples on, so that what a rule did can be seen afterwards."""
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": metric}


def edit_rule(key: WebAclKey, op: str, rule: dict[str, Json]) -> Instruction:
    """Add or remove exactly this rule; everything else in the web ACL is written back as it was read."""
    carry = {name: f"WebACL.{name}" for name in _CARRIED}
    return Instruction(
        kind="edit",
        service="wafv2",
        operation="UpdateWebACL",
        region=key.region,
        params=key.params(),
        edit=EditSpec(
            read=key.read(),
            carry=carry | {"Description": "WebACL.Description || `null`", "LockToken": "LockToken"},
            elements=(Element.model_validate({"op": op, "at": "Rules", "value": rule, "key": "Name"}),),
            conflicts=LOCKED,
        ),
        retry=NOT_YET_VISIBLE,
    )


def rule_refers_to(key: WebAclKey, rule: str, set_arn: Json, action: str, *, present: bool) -> Check:
    """Our rule stands in the web ACL, with our set and action; or there is no rule of its name."""
    if present:
        return Check(
            read=key.read(),
            query=(
                f"WebACL.Rules[?Name=='{rule}' && {_acts(action)}] | [0].Statement.IPSetReferenceStatement.ARN"
            ),
            op="equals",
            value=set_arn,
            says=f"web ACL {key.name} has rule {rule} ({action.lower()})",
        )
    return Check(
        read=key.read(),
        query=f"WebACL.Rules[?Name=='{rule}'] | [0].Name",
        op="empty",
        says=f"web ACL {key.name} has no rule {rule} yet",
    )


def priority_is_free(key: WebAclKey, priority: int) -> Check:
    """No rule of the web ACL has this priority."""
    return Check(
        read=key.read(),
        query=f"WebACL.Rules[?Priority==`{priority}`].Name",
        op="empty",
        context=True,
        says=f"priority {priority} of web ACL {key.name} is free",
    )


def no_allow_before(key: WebAclKey, priority: int) -> Check:
    """No rule that allows stands before this priority: Allow ends the evaluation."""
    return Check(
        read=key.read(),
        query=f"WebACL.Rules[?Priority<`{priority}` && {_acts('Allow')}].Name",
        op="empty",
        context=True,
        says=f"no allow rule stands before priority {priority} of web ACL {key.name}",
    )


def _acts(action: str) -> str:
    # An action is an empty object, which JMESPath takes for false, so its key has to be looked for.
    return f"contains(keys(Action || `{{}}`), '{action}')"


def create_web_acl(
    key: WebAclKey, rules: Sequence[dict[str, Json]], description: str, plan_id: str
) -> Instruction:
    """Create a web ACL that allows everything but what its rules stop, with the plan's mark."""
    return Instruction(
        kind="call",
        service="wafv2",
        operation="CreateWebACL",
        region=key.region,
        params={
            "Name": key.name,
            "Scope": key.scope,
            "DefaultAction": {"Allow": {}},
            "Description": description,
            "Rules": list(rules),
            "VisibilityConfig": visibility(key.name),
            "Tags": [{"Key": "opsctl:plan", "Value": plan_id}],
        },
        retry=NOT_YET_VISIBLE,
    )


def delete_web_acl(key: WebAclKey) -> Instruction:
    """Delete a web ACL under its lock; what it was attached to may hold it for a while."""
    return Instruction(
        kind="edit",
        service="wafv2",
        operation="DeleteWebACL",
        region=key.region,
        params=key.params(),
        edit=EditSpec(read=key.read(), carry={"LockToken": "LockToken"}, conflicts=LOCKED),
        retry=STILL_REFERENCED,
    )


def web_acl_with_mark(key: WebAclKey, description: str, *, present: bool) -> Check:
    """There is a web ACL of this name with the plan's mark, or none of this name at all."""
    read = list_web_acls(key.scope, key.region)
    if present:
        return Check(
            read=read,
            query=f"WebACLs[?Name=='{key.name}'] | [0].Description",
            op="equals",
            value=description,
            says=f"web ACL {key.name} exists and carries this plan's mark",
        )
    return Check(
        read=read,
        query=f"WebACLs[?Name=='{key.name}'] | [0].Name",
        op="empty",
        says=f"there is no web ACL {key.name} yet",
    )


def outputs_of_web_acl(name: str, scope: str, region: str) -> dict[str, Query]:
    """Where the id and ARN of a web ACL are found again by its name."""
    read = list_web_acls(scope, region)
    return {
        "id": Query(read=read, query=f"WebACLs[?Name=='{name}'] | [0].Id"),
        "arn": Query(read=read, query=f"WebACLs[?Name=='{name}'] | [0].ARN"),
    }


def associate(web_acl: Json, resource: str, region: str) -> Instruction:
    """Attach a web ACL to a regional resource that has none."""
    return Instruction(
        kind="call",
        service="wafv2",
        operation="AssociateWebACL",
        region=region,
        params={"WebACLArn": web_acl, "ResourceArn": resource},
        retry=NOT_YET_VISIBLE,
    )


def disassociate(resource: str, region: str) -> Instruction:
    """Detach whatever web ACL a regional resource has."""
    return Instruction(
        kind="call",
        service="wafv2",
        operation="DisassociateWebACL",
        region=region,
        params={"ResourceArn": resource},
        retry=NOT_YET_VISIBLE,
    )


def resource_has(resource: str, region: str, web_acl: Json, name: str) -> Check:
    """A regional resource has this web ACL, or none when `web_acl` is None."""
    read = Read(service="wafv2", operation="GetWebACLForResource", params={"ResourceArn": resource}, region=region)
    if web_acl is None:
        return Check(read=read, query="WebACL.ARN", op="empty", says=f"{name} has no web ACL")
    return Check(
        read=read, query="WebACL.ARN", op="equals", value=web_acl, says=f"{name} is protected by our web ACL"
    )
