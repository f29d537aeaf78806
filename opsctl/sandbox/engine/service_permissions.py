"""Whether a queue, topic or function exists, and whether its own policy lets an AWS service write to it.

Source: S3 guide, "Granting permissions to publish event notification messages to a destination"; SQS, SNS and
Lambda guides, resource-based policies.
"""

import json
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.deliveries import function_named
from opsctl.sandbox.engine.key_permissions import key_lets_in, names_service
from opsctl.sandbox.engine.policies import PolicyDecision, PolicyQuestion, decide, statements_of

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
    return policy_lets_in(account, arn, service=service, context=_context(source_arn, source_account))


def service_delivers(account: str, arn: str, *, service: str, source_arn: str, source_account: str) -> bool:
    """The same of a delivery, for which the key that encrypts a queue or topic has to let the service in too."""
    context = _context(source_arn, source_account)
    return policy_lets_in(account, arn, service=service, context=context) and key_lets_in(
        account, arn, service=service, context=context
    )


def policy_lets_in(account: str, arn: str, *, service: str, context: dict[str, list[str]]) -> bool:
    """Whether a resource's own policy lets a service in that gives these context keys."""
    statements = [one for one in statements_of(policy_of(account, arn) or {}) if names_service(one, service)]
    asked = PolicyQuestion(action=ACTIONS[arn.split(":")[2]], resource=arn, context=context)
    return decide([{"Statement": statements}], asked) is PolicyDecision.ALLOWED


def _context(source_arn: str, source_account: str) -> dict[str, list[str]]:
    return {"aws:sourcearn": [source_arn], "aws:sourceaccount": [source_account]}
