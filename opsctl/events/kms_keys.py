"""What a KMS key lets AWS services do that write to an encrypted queue or topic.

Sources: SNS guide, "Enabling server-side encryption for a topic with encrypted queue subscribed"; EventBridge
guide, "Troubleshooting"; S3 guide, "Granting permissions to publish event notification messages to a destination".
"""

from collections.abc import Sequence

from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.value import Value
from opsctl.resources.dead_letter_reads import describe_key, key_policy
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on

_OF_AN_ARN = 6
_NEEDED = ("kms:GenerateDataKey", "kms:Decrypt")


class KeyFacts(Value):
    """A key as a queue or topic names it: `trouble` stops every service, `policy` None could not be read. `arn` is
    empty where it cannot be used; `named` is what it is called then, and `state` why.

    `of_aws` is one that AWS manages, which stops services and no role: its policy lets in all of the account that
    may use the queue or topic (SQS guide, "Key management").
    """

    arn: str = ""
    named: str = ""
    state: str = ""
    of_aws: bool = False
    trouble: str = ""
    policy: str | None = None
    unknown: str = ""


def read_keys(keys: Sequence[str]) -> Fetching[dict[str, KeyFacts]]:
    """Read each key once, by the id, alias or ARN by which it is named; then the policies, all at once."""
    wanted = [one for one in dict.fromkeys(keys) if one]
    if not wanted:
        return {}
    answers = yield [_there(describe_key(one), one) for one in wanted]
    found: dict[str, KeyFacts] = {}
    for name, answer in zip(wanted, answers, strict=True):
        told = (answer.value or {}).get("KeyMetadata") or {}
        if answer.refusal is not None:
            trouble = f"key {name} does not exist" if answer.known else ""
            found[name] = KeyFacts(trouble=trouble, unknown="" if trouble else f"key {name}: {answer.refusal}")
        elif told.get("KeyManager") == "AWS":
            found[name] = KeyFacts(
                of_aws=True,
                trouble=f"it is encrypted with {name}, a key of AWS's own whose policy lets no other service in",
            )
        elif told.get("KeyState") != "Enabled":
            state = str(told.get("KeyState", "not usable"))
            found[name] = KeyFacts(named=str(told.get("Arn", name)), state=state, trouble=f"key {name} is {state}")
        else:
            found[name] = KeyFacts(arn=str(told["Arn"]))
    open_ = [name for name, one in found.items() if one.arn]
    policies = (yield [_there(key_policy(found[name].arn), name) for name in open_]) if open_ else []
    for name, answer in zip(open_, policies, strict=True):
        if answer.refusal is None:
            found[name] = found[name].model_copy(update={"policy": str(answer.value.get("Policy", ""))})
        else:
            found[name] = found[name].model_copy(update={"unknown": f"policy of key {name}: {answer.refusal}"})
    return found


def _there(read: Read, name: str) -> Read:
    """The read in the Region of a key that is named by an ARN; of others in the Region of the run."""
    parts = name.split(":")
    return read.model_copy(update={"region": parts[3]}) if len(parts) == _OF_AN_ARN else read


def what_key_refuses(key: KeyFacts, *, service: str, on_behalf_of: str, account: str) -> tuple[str, str]:
    """Return why a service certainly cannot use a key, or why that cannot be told; both empty when it can."""
    if key.trouble:
        return key.trouble, ""
    if key.policy is None:
        return "", key.unknown
    answers = [
        verdict_on(
            key.policy,
            ServiceCall(
                service=service, action=action, resource=key.arn, source_arn=on_behalf_of, account=account
            ),
        )
        for action in _NEEDED
    ]
    if PolicyAnswer.NO in answers:
        return f"the policy of key {key.arn} does not let {service} use it", ""
    if PolicyAnswer.UNSURE in answers:
        return "", f"whether the policy of key {key.arn} lets {service} use it depends on its conditions"
    return "", ""
