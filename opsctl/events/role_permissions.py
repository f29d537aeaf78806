"""Whether a role may send where it is set to: asked of IAM, one call a role.

Sources: SimulatePrincipalPolicy in the IAM API reference (the role's own policies and its boundary; no policy of a
resource); Service Authorization Reference (the action with which each target is called).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from opsctl.events.arns import named
from opsctl.events.hops import Hop, ReadResource
from opsctl.events.kms_keys import KeyFacts
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.policy_simulation import SimulatedAction, Verdict, judged, region_asked
from opsctl.resources.resource_policies import as_list, is_about, statements_of

_ACTIONS = {
    "queue": "sqs:SendMessage",
    "topic": "sns:Publish",
    "function": "lambda:InvokeFunction",
    "event bus": "events:PutEvents",
    "stream": "kinesis:PutRecord",
    "delivery stream": "firehose:PutRecord",
    "state machine": "states:StartExecution",
    "API destination": "events:InvokeApiDestination",
    "API": "execute-api:Invoke",
}
_KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")


class RoleQuestion(NamedTuple):
    """One action of a role on one resource."""

    role: str
    action: str
    resource: str


class RoleAnswers:
    """What IAM says of roles; what was not asked is unknown."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self._told: dict[RoleQuestion, SimulatedAction] = {}
        self._refused: dict[str, str] = {}

    def keep(self, role: str, asked: Iterable[RoleQuestion], answer: Answer) -> None:
        """Keep an answer about a role, or why there is none."""
        if answer.refusal is not None:
            gone = answer.known
            self._refused[role] = f"role {_short(role)} does not exist" if gone else str(answer.refusal)
            if not gone:
                self.unknown.append(f"permissions of role {_short(role)}: {answer.refusal}")
            return
        found: dict[tuple[str, str], SimulatedAction] = {}
        for result in answer.value.get("EvaluationResults") or []:
            names = [str(one["EvalResourceName"]) for one in result.get("ResourceSpecificResults") or []]
            for name, one in zip(names or [str(result.get("EvalResourceName", ""))], judged(result), strict=True):
                found[one.action, name] = one
        for question in asked:
            if (question.action, question.resource) in found:
                self._told[question] = found[question.action, question.resource]

    def verdict(self, asked: RoleQuestion) -> SimulatedAction:
        """What is known of one question."""
        why = self._refused.get(asked.role, "it was not asked about")
        if why.endswith("does not exist"):
            return SimulatedAction(asked.action, Verdict.DENIED, why)
        return self._told.get(asked) or SimulatedAction(asked.action, Verdict.UNKNOWN, why)


def questions_of(hop: Hop, target: ReadResource, keys: Mapping[str, KeyFacts]) -> list[RoleQuestion]:
    """What a role has to be allowed for a step: to call the target, and to use the key that encrypts it."""
    action = hop.calls or _ACTIONS.get(target.node.kind, "")
    if not hop.role or ":" not in action:
        return []
    key = keys.get(target.admission.key) if target.admission else None
    on_key = [RoleQuestion(hop.role, one, key.arn) for one in _KEY_ACTIONS] if key and key.arn else []
    return [RoleQuestion(hop.role, action, target.node.arn), *on_key]


def ask_roles(asked: Iterable[RoleQuestion], about: Context) -> Fetching[RoleAnswers]:
    """Ask IAM about every role once for each Region of what it sends to; roles of other accounts are not asked."""
    told = RoleAnswers()
    groups: dict[tuple[str, str], dict[RoleQuestion, None]] = defaultdict(dict)
    for one in asked:
        if named(one.role).account == about.account:
            groups[one.role, region_asked([one.resource], about.identity.partition)][one] = None
    if not groups:
        return told
    answers = yield [_simulation(role, region, list(group)) for (role, region), group in groups.items()]
    for ((role, _), group), answer in zip(groups.items(), answers, strict=True):
        told.keep(role, group, answer)
    return told


def _simulation(role: str, region: str, asked: list[RoleQuestion]) -> Read:
    params: dict[str, Json] = {
        "PolicySourceArn": role,
        "ActionNames": list(dict.fromkeys(one.action for one in asked)),
        "ResourceArns": list(dict.fromkeys(one.resource for one in asked)),
    }
    if region:
        entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": [region]}
        params["ContextEntries"] = [entry | {"ContextKeyType": "string"}]
    return Read(service="iam", operation="SimulatePrincipalPolicy", params=params)


def may_be_let_in(policy: str, role: str, action: str) -> bool:
    """Whether a resource's own policy names the role, which is enough within one account."""
    return _lets_any(policy, (role, "*", _assumed(role)), action)


def leaves_it_to_iam(policy: str, role: str, action: str) -> bool:
    """Whether a key's policy lets policies of its account decide, without which none counts (KMS guide)."""
    account = named(role).account
    return _lets_any(policy, (role, "*", _assumed(role), f"{role.partition(':role/')[0]}:root", account), action)


def _lets_any(policy: str, names: tuple[str, ...], action: str) -> bool:
    return any(
        is_about(one, action) and any(str(who).startswith(names) for who in _principals(one))
        for one in statements_of(policy)
        if isinstance(one, dict) and one.get("Effect") == "Allow"
    )


def _principals(statement: dict[str, Json]) -> list[Json]:
    who = statement.get("Principal")
    return as_list(who.get("AWS")) if isinstance(who, dict) else as_list(who)


def _assumed(role: str) -> str:
    """How the sessions of a role are named in policies."""
    head, _, name = role.partition(":role/")
    return f"{head.replace(':iam:', ':sts:')}:assumed-role/{name.rpartition('/')[2]}/"


def _short(role: str) -> str:
    return role.rpartition("/")[2]
