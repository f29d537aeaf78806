"""Judges the topic that is to be told, and the key that encrypts its messages."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase

from opsctl.ha.checks.preflight_finding import ALL_MODES, REPLACING, Mode, PreflightFinding, block, fix, warn
from opsctl.ha.inventory import Inventory
from opsctl.model.value import Json
from opsctl.resources.resource_policies import PolicyAnswer as Passes
from opsctl.resources.resource_policies import ServiceCall, as_list, statements_of, verdict_on

# SNS developer guide, "Managing Amazon SNS encryption keys and costs": what whoever publishes needs.
KEY_ACTIONS = ("kms:GenerateDataKey*", "kms:Decrypt")
_USES = ("kms:GenerateDataKey", "kms:Decrypt")
_ALARMS, _EVENTS = "cloudwatch.amazonaws.com", "events.amazonaws.com"
_PUBLISHERS: tuple[tuple[str, str, str, tuple[Mode, ...]], ...] = (
    (_ALARMS, "alarms", "cloudwatch:{}:alarm:opsctl", ALL_MODES),
    (_EVENTS, "EventBridge", "events:{}:rule/opsctl", REPLACING),
)


def check_topic(inventory: Inventory) -> Iterator[PreflightFinding]:
    """Whether alarms, EventBridge and the handler can publish to the topic that was given."""
    answer = inventory.answers.get("topic")
    if answer == {}:
        yield block(
            "topic", f"there is no topic {inventory.wanted.topic}", "no notifications would be sent", ALL_MODES
        )
    elif answer:
        attributes = answer.get("Attributes") or {}
        if not _lets_events_in(str(attributes.get("Policy") or "{}")):
            why = (
                f"EventBridge can publish only if a statement for {_EVENTS} without conditions allows "
                "it, so there would be no notification of failed launches"
            )
            yield warn("topic-policy", f"the policy of {inventory.wanted.topic} has no such statement", why)
        yield from _key(inventory)


def topic_key(inventory: Inventory) -> str:
    """Return the ARN of the customer managed key that encrypts the topic's messages; empty when there is none."""
    told = (inventory.answers.get("topic-key") or {}).get("KeyMetadata", {})
    return str(told.get("Arn", "")) if told.get("KeyManager") == "CUSTOMER" else ""


def _key(inventory: Inventory) -> Iterator[PreflightFinding]:
    answer = inventory.answers.get("topic-key")
    told = (answer or {}).get("KeyMetadata", {})
    what = f"messages of {inventory.wanted.topic} are encrypted with"
    if answer == {} or told.get("KeyState", "Enabled") != "Enabled":
        key = told.get("Arn") or "a key that does not exist"
        yield warn("topic-key", f"{what} {key}", "no notifications until SNS can use that key", ALL_MODES)
    if told.get("KeyManager") == "AWS":
        why = f"alarms and EventBridge cannot notify: its key policy lets neither {_ALARMS} nor {_EVENTS} use it"
        yield warn("topic-key", f"{what} AWS's own key for SNS", why, ALL_MODES)
        return
    key, policy = topic_key(inventory), str((inventory.answers.get("topic-key-policy") or {}).get("Policy") or "")
    if not key or not policy:
        return
    for service, who, source, modes in _PUBLISHERS:
        if not _may_use(policy, key, service, source, inventory):
            statement = {"Effect": "Allow", "Principal": {"Service": service}}
            yield _lacking(f"{what} {key}, whose policy does not let {service} use it", who, statement, modes)
    if _leaves_to_iam(policy, inventory.account):
        yield fix("topic-key", f"{what} {key}", "the handler's role is allowed to use it")
    else:
        root: Json = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{inventory.partition}:iam::{inventory.account}:root"},
        }
        said = f"{what} {key}, whose key policy does not delegate to this account's IAM"
        yield _lacking(said, "the handler", root, REPLACING)


def _lacking(what: str, who: str, principal: Json, modes: tuple[Mode, ...]) -> PreflightFinding:
    statement = json.dumps({**principal, "Action": list(KEY_ACTIONS), "Resource": "*"})
    return warn("topic-key", what, f"{who} cannot notify until the key policy has {statement}", modes)


def _may_use(policy: str, key: str, service: str, source: str, inventory: Inventory) -> bool:
    where = source.format(f"{inventory.wanted.topic.split(':')[3]}:{inventory.account}")
    calls = (
        ServiceCall(
            service=service,
            action=action,
            resource=key,
            source_arn=f"arn:{inventory.partition}:{where}",
            account=inventory.account,
        )
        for action in _USES
    )
    return all(verdict_on(policy, call) is Passes.YES for call in calls)


def _leaves_to_iam(policy: str, account: str) -> bool:
    """KMS developer guide: policies of roles count only where the key's policy names the account itself."""
    for statement in statements_of(policy):
        principal = statement.get("Principal")
        names = as_list(principal.get("AWS") if isinstance(principal, dict) else principal)
        ours = any(one in ("*", account) or str(one).endswith(f"::{account}:root") for one in names)
        let = [str(one).lower() for one in as_list(statement.get("Action"))]
        enough = all(any(fnmatchcase(action.lower(), one) for one in let) for action in _USES)
        if statement.get("Effect") == "Allow" and ours and enough and not statement.get("Condition"):
            return True
    return False


def _lets_events_in(policy: str) -> bool:
    """EventBridge user guide: no Condition works in a topic's policy for EventBridge."""
    for statement in json.loads(policy).get("Statement", []):
        principal = statement.get("Principal", {})
        named = _EVENTS in str(principal) or principal in ("*", {"AWS": "*"})
        if named and statement.get("Effect") == "Allow" and not statement.get("Condition"):
            return True
    return False
