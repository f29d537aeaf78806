"""Whether the key that encrypts a queue or a topic lets an AWS service, or a role, write there.

Sources: SNS guide, "Configuring server-side encryption for a topic with an encrypted queue subscribed" (the
service needs kms:GenerateDataKey and kms:Decrypt in the policy of a customer's key; that of a key of AWS's own
cannot be changed); EventBridge guide, "Troubleshooting"; S3 guide, "Granting permissions to publish event
notification messages to a destination". KMS guide, "Key policies": policies of roles count where the key's policy
lets the account decide; that of a key of AWS's own lets in who may use the service (SQS guide, "Key management").
"""

import json
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.policies import PolicyDecision, PolicyQuestion, decide, statements_of
from opsctl.sandbox.engine.policy_conditions import listed

NEEDED = ("kms:GenerateDataKey", "kms:Decrypt")


def key_lets_in(account: str, arn: str, *, service: str, context: dict[str, list[str]]) -> bool:
    """Whether a queue or topic has no key of KMS, or one that an AWS service may encrypt with."""
    name = _key_of(account, arn)
    if not name:
        return True
    key = _usable(account, arn, name)
    return (
        key is not None
        and key.key_manager != "AWS"
        and _allowed(key, lambda one: names_service(one, service), context)
    )


def key_lets_role_in(account: str, arn: str, role: str) -> bool:
    """The same for a role: by the key's policy alone, or by its own where the key's leaves it to the account."""
    from opsctl.sandbox.rules.iam import role_allows

    name = _key_of(account, arn)
    if not name:
        return True
    key = _usable(account, arn, name)
    if key is None or key.key_manager == "AWS":
        return key is not None
    if _allowed(key, lambda one: role in _principals(one), {}):
        return True
    root = f"{role.partition(':role/')[0]}:root"
    left = _allowed(key, lambda one: root in _principals(one), {})
    return left and all(role_allows(account, role, action, key.arn) for action in NEEDED)


def names_service(statement: Json, service: str) -> bool:
    """Whether a statement of a resource's policy is about a service."""
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return bool(principal == "*")
    return "*" in listed(principal.get("AWS")) or service in listed(principal.get("Service"))


def _key_of(account: str, arn: str) -> str:
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    _, _, service, region, _, name = arn.split(":", 5)
    found: Any
    if service == "sqs":
        found = sqs_backends[account][region].queues.get(name)
    elif service == "sns":
        found = sns_backends[account][region].topics.get(arn)
    else:
        return ""
    return str(getattr(found, "kms_master_key_id", "") or "")


def _usable(account: str, arn: str, name: str) -> Any | None:
    """The key of a name, if it is there and enabled."""
    from moto.kms.models import kms_backends

    kms = kms_backends[account][arn.split(":")[3]]
    key = kms.keys.get(kms.any_id_to_key_id(name))
    return key if key is not None and key.key_state == "Enabled" else None


def _allowed(key: Any, is_about: Any, context: dict[str, list[str]]) -> bool:
    chosen = [one for one in statements_of(json.loads(key.policy or "{}")) if is_about(one)]
    return all(
        decide([{"Statement": chosen}], PolicyQuestion(action, key.arn, context)) is PolicyDecision.ALLOWED
        for action in NEEDED
    )


def _principals(statement: Json) -> list[Json]:
    principal = statement.get("Principal")
    return listed(principal.get("AWS") if isinstance(principal, dict) else principal)
