"""Whether a queue, topic or function exists, and whether its own policy lets an AWS service write to it.

Source: S3 guide, "Granting permissions to publish event notification messages to a destination"; SQS, SNS and
Lambda guides, resource-based policies.
"""

import json
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.deliveries import function_named
from opsctl.sandbox.engine.policies import PolicyDecision, PolicyQuestion, decide, statements_of
from opsctl.sandbox.engine.policy_conditions import listed

ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}


def policy_of(account: str, arn: str) -> Json:
    """The policy of a queue, topic or function; empty when it has none, None when there is no such resource."""
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    _, _, service, region, _, rest = arn.split(":", 5)
    found: Any
    if service == "sqs":
        found = sqs_backends[account][region].queues.get(rest)
        return None if found is None else json.loads(found.policy or "{}")
    if service == "sns":
        found = sns_backends[account][region].topics.get(arn)
        return None if found is None else json.loads(found.policy or "{}")
    found = function_named(account, region, rest.removeprefix("function:"))
    return None if found is None else {"Statement": found.policy.statements}


def service_may(account: str, arn: str, *, service: str, source_arn: str, source_account: str) -> bool:
    """Tell whether a resource that exists lets a service act on behalf of a resource of an account."""
    statements = [one for one in statements_of(policy_of(account, arn) or {}) if _names(one, service)]
    asked = PolicyQuestion(
        action=ACTIONS[arn.split(":")[2]],
        resource=arn,
        context={"aws:sourcearn": [source_arn], "aws:sourceaccount": [source_account]},
    )
    return decide([{"Statement": statements}], asked) is PolicyDecision.ALLOWED


def _names(statement: Json, service: str) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return bool(principal == "*")
    return "*" in listed(principal.get("AWS")) or service in listed(principal.get("Service"))
