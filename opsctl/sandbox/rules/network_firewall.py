"""Rule groups, policies and endpoints of Network Firewall, which moto lacks.

Source: API model of network-firewall (CreateRuleGroup: the capacity is fixed, a stateful group needs one for each
rule; UpdateRuleGroup replaces the rules under an update token, or fails with InvalidTokenException; Attachment: a
firewall makes one endpoint in each of its subnets) and the developer guide (rule groups keep to the rule order of
the policies that they belong to).
"""

import uuid
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from opsctl.model.value import Json

_ORDER = "DEFAULT_ACTION_ORDER"
_TAGS, _VALUE = 50, 256


def install() -> None:
    """Add the calls, and give firewalls their endpoints."""
    from moto.networkfirewall.responses import NetworkFirewallResponse as Response
    from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend as Tagging

    Response.create_rule_group = _create_group
    Response.describe_rule_group = _describe_group
    Response.update_rule_group = _update_group
    Response.create_firewall_policy = _create_policy
    Response.describe_firewall_policy = _describe_policy
    Response.tag_resource = _tag
    Response.untag_resource = _untag
    Tagging._get_resources_generator = _with_groups(Tagging._get_resources_generator)
    Response.create_firewall = _with_endpoints(Response.create_firewall)
    Response.describe_firewall = _with_states(Response.describe_firewall)


def _kept(self: Any, kind: str) -> dict[str, Json]:
    found: dict[str, Json] = self.networkfirewall_backend.__dict__.setdefault(f"opsctl_{kind}", {})
    return found


def _fault(code: str, message: str) -> Exception:
    from moto.core.exceptions import JsonRESTError

    made: Exception = JsonRESTError(code, message)
    return made


def _answer(members: Json) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(deepcopy(members))


def _found(self: Any, kind: str, what: str) -> Json:
    arn, name = self._get_param(f"{what}Arn"), self._get_param(f"{what}Name")
    for known, one in _kept(self, kind).items():
        if known == arn or (arn is None and known.endswith(f"/{name}")):
            return one
    raise _fault("ResourceNotFoundException", "The resource does not exist.")


def _rules_in(group: Json) -> int:
    source = group.get("RulesSource") or {}
    lines = str(source.get("RulesString") or "").splitlines()
    written = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    targets = len((source.get("RulesSourceList") or {}).get("Targets") or ())
    return len(source.get("StatefulRules") or ()) + len(written) + targets


def _require_room(group: Json, capacity: int) -> int:
    needed = _rules_in(group)
    if needed > capacity:
        raise _fault("InvalidRequestException", f"capacity exceeded: {needed} rules, capacity {capacity}")
    sids = [
        option["Settings"][0]
        for rule in (group.get("RulesSource") or {}).get("StatefulRules") or ()
        for option in rule["RuleOptions"]
        if option["Keyword"] == "sid"
    ]
    if len(sids) != len(set(sids)):
        raise _fault("InvalidRequestException", "rules of a rule group need a sid each")
    return needed


def _create_group(self: Any) -> Any:
    name, kind = self._get_param("RuleGroupName"), self._get_param("Type")
    arn = f"arn:aws:network-firewall:{self.region}:{self.current_account}:{kind.lower()}-rulegroup/{name}"
    group, capacity = self._get_param("RuleGroup"), int(self._get_param("Capacity"))
    shown = {
        "RuleGroupArn": arn,
        "RuleGroupName": name,
        "RuleGroupId": str(uuid.uuid4()),
        "Type": kind,
        "Capacity": capacity,
        "ConsumedCapacity": _require_room(group, capacity),
        "RuleGroupStatus": "ACTIVE",
        "Tags": self._get_param("Tags") or [],
    }
    if self._get_param("Description"):
        shown["Description"] = self._get_param("Description")
    kept = {"UpdateToken": str(uuid.uuid4()), "RuleGroup": group, "RuleGroupResponse": shown}
    _kept(self, "rule_groups")[arn] = kept
    return _answer({"UpdateToken": kept["UpdateToken"], "RuleGroupResponse": shown})


def _describe_group(self: Any) -> Any:
    return _answer(_found(self, "rule_groups", "RuleGroup"))


def _update_group(self: Any) -> Any:
    kept = _found(self, "rule_groups", "RuleGroup")
    shown = kept["RuleGroupResponse"]
    if self._get_param("UpdateToken") != kept["UpdateToken"]:
        raise _fault("InvalidTokenException", "The token is not that of the rule group as it is now.")
    group = self._get_param("RuleGroup")
    if group.get("StatefulRuleOptions") != kept["RuleGroup"].get("StatefulRuleOptions"):
        raise _fault("InvalidRequestException", "the rule order of a rule group cannot be changed")
    shown["ConsumedCapacity"] = _require_room(group, shown["Capacity"])
    shown.pop("Description", None)
    if self._get_param("Description"):
        shown["Description"] = self._get_param("Description")
    kept |= {"UpdateToken": str(uuid.uuid4()), "RuleGroup": group}
    return _answer({"UpdateToken": kept["UpdateToken"], "RuleGroupResponse": shown})


def _tagged(self: Any) -> Json:
    kept = _kept(self, "rule_groups").get(self._get_param("ResourceArn"))
    if kept is None:
        raise _fault("ResourceNotFoundException", "The resource does not exist.")
    return kept["RuleGroupResponse"]


def _tag(self: Any) -> Any:
    shown = _tagged(self)
    tags = {one["Key"]: one["Value"] for one in (*shown["Tags"], *self._get_param("Tags"))}
    if len(tags) > _TAGS or any(len(value) > _VALUE for value in tags.values()):
        raise _fault("InvalidRequestException", f"a resource has {_TAGS} tags of {_VALUE} characters at most")
    shown["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return _answer({})


def _untag(self: Any) -> Any:
    shown, gone = _tagged(self), self._get_param("TagKeys")
    shown["Tags"] = [one for one in shown["Tags"] if one["Key"] not in gone]
    return _answer({})


def _with_groups(method: Callable[..., Any]) -> Callable[..., Any]:
    """The Resource Groups Tagging API lists rule groups with their tags, among all else that has some."""

    def found(self: Any, tag_filters: Any = None, resource_type_filters: Any = None, **more: Any) -> Any:
        from moto.core.resource_tagging import TaggedResource, make_tag_matcher
        from moto.networkfirewall.models import networkfirewall_backends

        yield from method(self, tag_filters, resource_type_filters, **more)
        matches = make_tag_matcher(tag_filters)
        if not resource_type_filters or "network-firewall" in resource_type_filters:
            backend = networkfirewall_backends[self.account_id][self.region_name]
            for arn, kept in backend.__dict__.get("opsctl_rule_groups", {}).items():
                tags = {one["Key"]: one["Value"] for one in kept["RuleGroupResponse"]["Tags"]}
                if tags and matches(tags):
                    yield TaggedResource(arn=arn, tags=tags, resource_type="network-firewall:rule-group")

    return found


def _create_policy(self: Any) -> Any:
    name, policy = self._get_param("FirewallPolicyName"), self._get_param("FirewallPolicy")
    arn = f"arn:aws:network-firewall:{self.region}:{self.current_account}:firewall-policy/{name}"
    order = (policy.get("StatefulEngineOptions") or {}).get("RuleOrder", _ORDER)
    for one in policy.get("StatefulRuleGroupReferences") or ():
        group = _kept(self, "rule_groups").get(one["ResourceArn"])
        options = (group or {}).get("RuleGroup", {}).get("StatefulRuleOptions") or {}
        if group is not None and options.get("RuleOrder", _ORDER) != order:
            raise _fault("InvalidRequestException", "a rule group has another rule order than the policy")
    shown = {
        "FirewallPolicyName": name,
        "FirewallPolicyArn": arn,
        "FirewallPolicyId": str(uuid.uuid4()),
        "FirewallPolicyStatus": "ACTIVE",
        "Tags": self._get_param("Tags") or [],
    }
    kept = {"UpdateToken": str(uuid.uuid4()), "FirewallPolicy": policy, "FirewallPolicyResponse": shown}
    _kept(self, "firewall_policies")[arn] = kept
    return _answer({"UpdateToken": kept["UpdateToken"], "FirewallPolicyResponse": shown})


def _describe_policy(self: Any) -> Any:
    return _answer(_found(self, "firewall_policies", "FirewallPolicy"))


def _with_endpoints(method: Callable[..., Any]) -> Callable[..., Any]:
    """A firewall makes an endpoint of the kind that a route can lead to in each of its subnets."""

    def created(self: Any) -> Any:
        from moto.ec2.models import ec2_backends

        answer = method(self)
        ec2 = ec2_backends[self.current_account][self.region]
        states = _kept(self, "endpoints").setdefault(self._get_param("FirewallName"), {})
        for one in self._get_param("SubnetMappings") or ():
            made = ec2.create_vpc_endpoint(
                self._get_param("VpcId"), "network-firewall", "GatewayLoadBalancer", None, [], [one["SubnetId"]]
            )
            attachment = {"SubnetId": one["SubnetId"], "EndpointId": made.id, "Status": "READY"}
            states[ec2.get_subnet(one["SubnetId"]).availability_zone] = {"Attachment": attachment}
        return answer

    return created


def _with_states(method: Callable[..., Any]) -> Callable[..., Any]:
    def described(self: Any) -> Any:
        answer = method(self)
        name = answer._result["Firewall"]["FirewallName"]
        answer._result["FirewallStatus"]["SyncStates"] = deepcopy(_kept(self, "endpoints").get(name, {}))
        return answer

    return described
