"""Log groups of CloudWatch Logs: the policies of the Region decide who may write to them.

Sources: EventBridge guide, "Using resource-based policies", "CloudWatch Logs permissions" (logs:CreateLogStream
and logs:PutLogEvents in a resource policy of the account); DescribeResourcePolicies.
"""

import json

from opsctl.events.arns import named
from opsctl.events.delivery_graph import DeliveryNode
from opsctl.events.hops import Admission, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.resources.resource_policies import statements_of


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read whether the group is there, and the policies of all groups."""
    name = named(place.arn).name
    told = ResourceAnswers()
    found = yield from told.ask(
        [
            ("log group", read_of("logs", "DescribeLogGroups", logGroupNamePrefix=name)),
            ("resource policies", read_of("logs", "DescribeResourcePolicies")),
        ]
    )
    listed = [one for one in items_of(found["log group"], "logGroups") if one.get("logGroupName") == name]
    documents = [
        str(one.get("policyDocument", "")) for one in items_of(found["resource policies"], "resourcePolicies")
    ]
    whole = json.dumps({"Statement": [one for text in documents for one in statements_of(text)]})
    node = DeliveryNode(
        arn=place.arn,
        kind="log group",
        name=name,
        unknown=tuple(told.unknown),
        exists=bool(listed) or found["log group"] is None,
        ends=True,
    )
    policy = None if found["resource policies"] is None else whole
    return ReadResource(node=node, admission=Admission(action="logs:PutLogEvents", policy=policy))
