"""What happens on an edge, now that both ends are known: the worse of what the two say."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from opsctl.events.arns import named
from opsctl.events.delivery_graph import VERDICTS, DeliveryEdge, DeliveryNode, StepSettings, Verdict
from opsctl.events.hops import Admission, Hop, ReadResource
from opsctl.events.kms_keys import KeyFacts, what_key_refuses
from opsctl.events.regions import sns_principals, why_not_across
from opsctl.events.role_permissions import RoleAnswers, RoleQuestion, leaves_it_to_iam, may_be_let_in, questions_of
from opsctl.resources.policy_simulation import SimulatedAction
from opsctl.resources.policy_simulation import Verdict as Simulated
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on

_WORD = {
    "sqs:SendMessage": "queue policy",
    "sns:Publish": "topic policy",
    "lambda:InvokeFunction": "function's resource policy",
    "events:PutEvents": "event bus policy",
    "logs:PutLogEvents": "log group's resource policy",
}
_OWN_QUEUES_ONLY = ("s3.amazonaws.com",)
_SNS = "sns.amazonaws.com"
_EVENTS = "events.amazonaws.com"


class EdgeKnowledge(NamedTuple):
    """What is read once for all edges: keys by the names they are given, and what IAM says of roles."""

    keys: Mapping[str, KeyFacts]
    roles: RoleAnswers
    account: str
    region: str


def edge_of(source: DeliveryNode, hop: Hop, target: ReadResource, known: EdgeKnowledge) -> DeliveryEdge:
    """Judge an edge by its own settings and by whether its far end exists and lets its near end in."""
    far = list(_far_end(source, hop, target, known))
    verdict = min((hop.verdict, *(one.verdict for one in far)), key=VERDICTS.index)
    settings = {name: getattr(hop, name) for name in StepSettings.model_fields}
    return DeliveryEdge.model_validate(
        {
            **settings,
            "source": source.arn,
            "target": target.node.arn,
            "verdict": verdict,
            "why": tuple(dict.fromkeys((*hop.why, *(one.says for one in far)))),
            "causes": tuple(dict.fromkeys((*hop.causes, *(one.cause for one in far if one.cause)))),
        }
    )


class _Fault(NamedTuple):
    verdict: Verdict
    says: str
    cause: str = ""


def _far_end(source: DeliveryNode, hop: Hop, target: ReadResource, known: EdgeKnowledge) -> Iterator[_Fault]:
    admission = target.admission
    if not target.node.exists:
        yield _Fault("blocked", f"{target.node.kind} {target.node.name} does not exist", "destination-gone")
        return
    service = _EVENTS if source.kind == "rule" else hop.service
    apart = why_not_across(service, source.region or known.region, target.node.arn)
    if apart:
        yield _Fault("blocked", apart, "region")
        return
    if hop.role:
        yield from _by_role(hop, target, known)
    if admission is None:
        if hop.service:
            yield _Fault("unknown", "who may write there was not read")
        return
    yield from (_Fault("blocked", text, "throttled") for text in admission.trouble)
    if admission.fifo and hop.service in _OWN_QUEUES_ONLY:
        yield _Fault("blocked", "S3 cannot notify FIFO queues and FIFO topics", "fifo-mismatch")
    if admission.fifo and not admission.deduplicates and source.kind in ("rule", "schedule"):
        says = "EventBridge gives no deduplication id, and the FIFO queue has no content-based deduplication"
        yield _Fault("blocked", says, "fifo-mismatch")
    if hop.service:
        yield from _by_policy(hop, target, admission, known.account)
        if admission.key:
            yield from _by_key(hop, admission, known.keys, known.account)


def _by_role(hop: Hop, target: ReadResource, known: EdgeKnowledge) -> Iterator[_Fault]:
    """What IAM says of the role; of what its own policies do not allow, the target's policy may let it in."""
    role, place = hop.role.rpartition("/")[2], f"{target.node.kind} {target.node.name}"
    policy = target.admission.policy if target.admission else None
    questions = questions_of(hop, target, known.keys)
    if not questions:
        yield _Fault("unknown", f"it is sent by role {role}; what that needs for {place} is not evaluated here")
    if target.admission and (key := known.keys.get(target.admission.key)) and not key.of_aws and not key.arn:
        yield _Fault("blocked", key.trouble, "kms") if key.trouble else _Fault("unknown", key.unknown)
    for question in questions:
        told = known.roles.verdict(question)
        if told.verdict is Simulated.UNKNOWN:
            says = f"whether role {role} may {question.action} on {place} cannot be told: {told.why}"
            yield _Fault("unknown", says)
        elif question.action.startswith("kms:"):
            yield from _key_of_role(question, known.keys[target.admission.key if target.admission else ""], told)
        elif told.verdict is Simulated.DENIED and told.why:
            yield _Fault("blocked", told.why, "no-permission")
        elif told.verdict is Simulated.DENIED and told.explicit:
            says = f"a policy of role {role} denies {question.action} on {place}"
            yield _Fault("blocked", says, "no-permission")
        elif told.verdict is Simulated.DENIED:
            yield _denied(question, policy, place, judged_whole=target.admission is None or policy is not None)


def _denied(question: RoleQuestion, policy: str | None, place: str, *, judged_whole: bool) -> _Fault:
    may_not = f"role {question.role.rpartition('/')[2]} may not {question.action}"
    if not judged_whole:
        return _Fault("unknown", f"{may_not} by its own policies, and that of {place} was not read")
    if policy and may_be_let_in(policy, question.role, question.action):
        return _Fault("unknown", f"{may_not} by its own policies, and the policy of {place} names it")
    return _Fault("blocked", f"{may_not} on {place}", "no-permission")


def _key_of_role(question: RoleQuestion, key: KeyFacts, told: SimulatedAction) -> Iterator[_Fault]:
    role = question.role.rpartition("/")[2]
    if told.verdict is Simulated.DENIED:
        says = f"role {role} may not {question.action} by its own policies, and the key's policy may let it"
        yield _Fault("unknown", says)
    elif key.policy is not None and not leaves_it_to_iam(key.policy, question.role, question.action):
        yield _Fault("unknown", f"the key's policy lets neither role {role} nor policies of its account decide")


def _by_policy(hop: Hop, target: ReadResource, admission: Admission, account: str) -> Iterator[_Fault]:
    what = _WORD.get(admission.action, "policy")
    if admission.policy is None:
        yield _Fault("unknown", f"its {what} could not be read")
        return
    call = _call(hop, target, admission.action, account)
    answer = verdict_on(admission.policy, call)
    origin = named(hop.on_behalf_of)
    others = [verdict_on(admission.policy, call.model_copy(update={"source_arn": one})) for one in hop.also_for]
    if any(one is not answer for one in others):
        let_in = [one is PolicyAnswer.YES for one in (answer, *others)]
        says = f"its {what} lets {sum(let_in)} of {len(let_in)} stages in for {origin.kind} {origin.name}"
        yield _Fault("unknown" if PolicyAnswer.UNSURE in (answer, *others) else "filtered", says)
        return
    if answer is not PolicyAnswer.YES and (regional := _in_another_name(call, admission.policy)):
        says = f"its {what} lets {regional} in, a name by which SNS is documented to come from other Regions only"
        yield _Fault("unknown", says)
    elif answer is PolicyAnswer.NO and _but_for(call, admission.policy):
        says = f"the condition on AWS:SourceOwner in its {what} shuts {hop.service} out"
        yield _Fault("blocked", says, "account-condition")
    elif answer is PolicyAnswer.NO:
        says = f"its {what} does not let {call.service} in for {origin.kind} {origin.name}"
        yield _Fault("blocked", says, "no-permission")
    elif answer is PolicyAnswer.UNSURE:
        says = f"whether its {what} lets {call.service} in depends on conditions that only AWS evaluates"
        yield _Fault("unknown", says, "account-condition" if hop.service == _EVENTS else "")


def _call(hop: Hop, target: ReadResource, action: str, account: str) -> ServiceCall:
    """The call that a policy is asked about.

    EventBridge guide, "Troubleshooting": a condition in a topic's policy shuts EventBridge out, that on the owner
    which a topic begins with for certain; so does SourceAccount in a function's policy. Newer texts differ.
    """
    told = {"source_arn": hop.on_behalf_of, "account": account}
    if hop.service == _EVENTS and target.node.kind == "topic":
        told = {"source_arn": "", "account": ""}
    elif hop.service == _EVENTS and target.node.kind == "function":
        told = {"source_arn": hop.on_behalf_of, "account": ""}
    absent = ("aws:sourceowner",) if hop.service == _EVENTS else ()
    service = hop.service
    if service == _SNS:
        service = sns_principals(named(hop.on_behalf_of).region, named(target.node.arn).region)[0]
    resource = target.node.arn
    if target.node.kind == "log group":
        resource = f"{resource.removesuffix(':*')}:*"
    return ServiceCall(service=service, action=action, resource=resource, absent=absent, **told)


def _in_another_name(call: ServiceCall, policy: str) -> str:
    """The other name of SNS that a policy lets in, of a Region to opt into; empty where there is none."""
    here = named(call.resource).region
    if not call.service.startswith("sns.") or named(call.source_arn).region != here:
        return ""
    others = (one for one in sns_principals(here, here) if one != call.service)
    asked = ((one, call.model_copy(update={"service": one})) for one in others)
    return next((one for one, told in asked if verdict_on(policy, told) is PolicyAnswer.YES), "")


def _but_for(call: ServiceCall, policy: str) -> bool:
    """Whether what the service does not tell is all that stands in its way."""
    told = call.model_copy(update={"absent": ()})
    return bool(call.absent) and verdict_on(policy, told) is PolicyAnswer.UNSURE


def _by_key(hop: Hop, admission: Admission, keys: Mapping[str, KeyFacts], account: str) -> Iterator[_Fault]:
    refused, doubt = what_key_refuses(
        keys.get(admission.key, KeyFacts(unknown=f"key {admission.key} was not read")),
        service=hop.service,
        on_behalf_of=hop.on_behalf_of,
        account=account,
    )
    if refused:
        yield _Fault("blocked", refused, "kms")
    elif doubt:
        yield _Fault("unknown", doubt)
