"""What a service asks IAM about a call: the action, its resources, and the context keys of the request.

Source: Service Authorization Reference; IAM user guide, "AWS global condition context keys". Where the reference
names resources that are not known here, the question is about `*`, which only a policy for `*` allows.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import jmespath

from opsctl.model.value import Json
from opsctl.planning.iam_actions import NO_PERMISSION_NEEDED, RESOURCES, action_of
from opsctl.planning.waf_permissions import asked_besides
from opsctl.sandbox.engine.asks_ec2 import asks_of_ec2
from opsctl.sandbox.engine.calls import Call
from opsctl.sandbox.engine.policies import PolicyQuestion
from opsctl.sandbox.engine.policy_conditions import listed

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_ARN_PARAMETER = re.compile(r"\w*(Arn|ARN|arn)s?")
_WITHOUT_RESOURCES = ("autoscaling.Describe", "elbv2.Describe", "elb.Describe")
_PASSES = {
    "dlm.CreateLifecyclePolicy": "ExecutionRoleArn",
    "events.PutTargets": "Targets[].RoleArn",
    "lambda.CreateFunction": "Role",
    "lambda.UpdateFunctionConfiguration": "Role",
    "scheduler.CreateSchedule": "Target.RoleArn",
    "scheduler.UpdateSchedule": "Target.RoleArn",
}
"""Calls that hand roles to their service, which needs iam:PassRole as well (IAM user guide, "Pass a role")."""


def asks_of(call: Call) -> Iterator[PolicyQuestion]:
    """Every question of one call, each of which has to be answered with yes."""
    if call.api in NO_PERMISSION_NEEDED:
        return
    if call.service == "ec2":
        yield from asks_of_ec2(call)
        return
    action = action_of(call.api)
    context = _context(call)
    for resource in _resources(call) or ["*"]:
        yield PolicyQuestion(action, resource, context)
    for besides, resource in asked_besides(call.api, call.params):
        yield PolicyQuestion(besides, resource, context)
    for role in [*listed(jmespath.search(_PASSES.get(call.api, "`null`"), call.params)), *_of_integrations(call)]:
        yield PolicyQuestion("iam:PassRole", role, {"iam:passedtoservice": [f"{call.service}.amazonaws.com"]})


def _of_integrations(call: Call) -> list[str]:
    """The roles of the integrations in a document from which an API is made."""
    if call.api != "apigateway.ImportRestApi":
        return []
    methods = [one for path in json.loads(call.params["body"])["paths"].values() for one in path.values()]
    found = [(one.get("x-amazon-apigateway-integration") or {}).get("credentials") for one in methods]
    return [one for one in found if one]


def _resources(call: Call) -> list[str]:
    if call.api.startswith(_WITHOUT_RESOURCES):
        return []
    named = _NAMED.get(call.service)
    found = named(call) if named else []
    if not found:
        templates = RESOURCES.get(call.api, ())
        found = [one for one in (_filled(template, call) for template in templates) if one]
    return found or _arns(call)


def _filled(template: str, call: Call) -> str:
    """A resource's ARN from the call's parameters; what is only made has no id yet. Nothing when none is there."""
    scope = "global" if call.params.get("Scope") == "CLOUDFRONT" else "regional"
    around = {"partition": "aws", "account": call.account, "region": call.region, "scope": scope}
    own = [one for one in _PLACEHOLDER.findall(template) if one not in around]
    if own and not any(isinstance(call.params.get(one), str) for one in own):
        return ""
    known = around | {one: str(call.params.get(one, "*")) for one in own}
    return _PLACEHOLDER.sub(lambda match: known[match[1]], template)


def _arns(call: Call) -> list[str]:
    """The ARNs among the parameters, which name what a call is about."""
    values = [value for name, value in call.params.items() if _ARN_PARAMETER.fullmatch(name)]
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, str) and one.startswith("arn:")]


def _queue(call: Call) -> list[str]:
    url = call.params.get("QueueUrl") or call.params.get("QueueName") or ""
    name = str(url).rsplit("/", 1)[-1]
    return [f"arn:aws:sqs:{call.region}:{call.account}:{name}"] if name else []


def _function(call: Call) -> list[str]:
    name = str(call.params.get("FunctionName") or "")
    if name.startswith("arn:") or not name:
        return [name] if name else []
    return [f"arn:aws:lambda:{call.region}:{call.account}:function:{name.rsplit(':function:')[-1]}"]


def _group(call: Call) -> list[str]:
    """A group by its name, or by the instance that is in it."""
    from opsctl.sandbox.rules.autoscaling import scaling_of

    groups = scaling_of(call.account, call.region).groups
    name, instance = call.params.get("AutoScalingGroupName"), str(call.params.get("InstanceId") or "")
    found = [one for one in groups.values() if one.name == name or (not name and one.member(instance))]
    missing = f"arn:aws:autoscaling:{call.region}:{call.account}:autoScalingGroup:*:autoScalingGroupName/{name}"
    return [one.arn for one in found] or ([missing] if name else [])


def _iam_entity(call: Call) -> list[str]:
    from moto.iam.models import iam_backends

    for kind in ("Role", "User", "Group"):
        name = call.params.get(f"{kind}Name")
        if name:
            known = getattr(iam_backends[call.account]["aws"], f"{kind.lower()}s")
            found = next((one for one in known.values() if one.name == name), None)
            return [str(found.arn) if found else f"arn:aws:iam::{call.account}:{kind.lower()}/{name}"]
    return []


def _object(call: Call) -> list[str]:
    bucket, key = call.params.get("Bucket"), call.params.get("Key")
    return [f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"] if bucket else []


def _zone(call: Call) -> list[str]:
    zone = call.params.get("HostedZoneId") or (call.params.get("Id") if "Zone" in call.operation else "")
    return [f"arn:aws:route53:::hostedzone/{str(zone).rsplit('/', 1)[-1]}"] if zone else []


def _key(call: Call) -> list[str]:
    key = str(call.params.get("KeyId") or "")
    return (
        [key if key.startswith("arn:") else f"arn:aws:kms:{call.region}:{call.account}:key/{key}"] if key else []
    )


def _rule(call: Call) -> list[str]:
    """A rule, or the buses that events are put on (Service Authorization Reference, EventBridge)."""
    if call.operation == "PutEvents":
        named = {str(one.get("EventBusName") or "default") for one in call.params.get("Entries") or []}
        here = f"arn:aws:events:{call.region}:{call.account}:event-bus/"
        return sorted(one if one.startswith("arn:") else here + one for one in named)
    name = call.params.get("Rule") or (call.params.get("Name") if call.operation.endswith("Rule") else "")
    # rule/[EventBusName/]RuleName
    bus = str(call.params.get("EventBusName") or "default").rpartition("event-bus/")[2]
    path = name if bus == "default" else f"{bus}/{name}"
    return [f"arn:aws:events:{call.region}:{call.account}:rule/{path}"] if name else []


def _alarms(call: Call) -> list[str]:
    names = call.params.get("AlarmNames") or [call.params.get("AlarmName")]
    return [f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{one}" for one in names if one]


def _command(call: Call) -> list[str]:
    """A command asks about its document, and about every instance that it names."""
    if call.operation != "SendCommand":
        return []
    instances = call.params.get("InstanceIds") or []
    own = str(call.params.get("DocumentName", "")).startswith("AWS-")
    return [
        f"arn:aws:ssm:{call.region}:{'' if own else call.account}:document/{call.params.get('DocumentName')}",
        *(f"arn:aws:ec2:{call.region}:{call.account}:instance/{one}" for one in instances),
    ]


_NAMED: dict[str, Any] = {
    "autoscaling": _group,
    "cloudwatch": _alarms,
    "events": _rule,
    "iam": _iam_entity,
    "kms": _key,
    "lambda": _function,
    "route53": _zone,
    "s3": _object,
    "sqs": _queue,
    "ssm": _command,
}
"""How each service's resources are named in its calls, where a name or an id is not the ARN."""


def _context(call: Call) -> dict[str, list[str]]:
    context = _tags(call)
    if call.service == "cloudwatch" and "Namespace" in call.params:
        context["cloudwatch:namespace"] = [str(call.params["Namespace"])]
    if call.api == "kms.CreateGrant":
        context["kms:grantisforawsresource"] = ["false"]
    if call.api == "route53.ChangeResourceRecordSets":
        context |= _record_changes(call)
    if call.service == "autoscaling":
        context |= _group_tags(call) | _group_settings(call)
    return context


def _group_settings(call: Call) -> dict[str, list[str]]:
    """Source: Auto Scaling user guide, condition keys for creating and updating groups."""
    given = {f"autoscaling:{name.lower()}": [str(call.params[name])] for name in ("MaxSize", "MinSize")
             if name in call.params}  # fmt: skip
    subnets = str(call.params.get("VPCZoneIdentifier") or "")
    if subnets:
        given["autoscaling:vpczoneidentifiers"] = [one.strip() for one in subnets.split(",")]
    if call.params.get("LaunchTemplate"):
        given["autoscaling:launchtemplateversionspecified"] = [
            str("Version" in call.params["LaunchTemplate"]).lower()
        ]
    return given


def _record_changes(call: Call) -> dict[str, list[str]]:
    """Source: Route 53 developer guide, "Using IAM policy conditions for fine-grained access control"."""
    changes = (call.params.get("ChangeBatch") or {}).get("Changes") or []
    sets = [one.get("ResourceRecordSet") or {} for one in changes]
    prefix = "route53:changeresourcerecordsets"
    return {
        f"{prefix}actions": [str(one.get("Action", "")) for one in changes],
        f"{prefix}normalizedrecordnames": [str(one.get("Name", "")).rstrip(".").lower() for one in sets],
        f"{prefix}recordtypes": [str(one.get("Type", "")) for one in sets],
    }


def _tags(call: Call) -> dict[str, list[str]]:
    """The tags that a call gives: a list of keys and values, or a mapping."""
    given = call.params.get("Tags") or call.params.get("tags") or {}
    if isinstance(given, list):
        given = {one.get("Key", one.get("key")): one.get("Value", one.get("value", "")) for one in given}
    found = {f"aws:requesttag/{key}".lower(): [str(value)] for key, value in given.items()}
    return found | {"aws:tagkeys": [str(key) for key in given]} if given else {}


def _group_tags(call: Call) -> dict[str, list[str]]:
    from opsctl.sandbox.rules.autoscaling import scaling_of

    group = scaling_of(call.account, call.region).groups.get(str(call.params.get("AutoScalingGroupName")))
    tags: dict[str, Json] = {one["Key"]: one.get("Value", "") for one in group.tags} if group else {}
    return {f"{prefix}:resourcetag/{key}".lower(): [str(value)] for key, value in tags.items()
            for prefix in ("aws", "autoscaling")}  # fmt: skip
