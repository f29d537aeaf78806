"""What happens on an edge, now that both ends are known: the worse of what the two say."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from opsctl.events.arns import named
from opsctl.events.delivery_graph import VERDICTS, DeliveryEdge, DeliveryNode, StepSettings, Verdict
from opsctl.events.hops import Admission, Hop, ReadResource
from opsctl.events.kms_keys import KeyFacts, what_key_refuses
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on

_WORD = {
    "sqs:SendMessage": "queue policy",
    "sns:Publish": "topic policy",
    "lambda:InvokeFunction": "function's resource policy",
    "events:PutEvents": "event bus policy",
}
_OWN_QUEUES_ONLY = ("s3.amazonaws.com",)
_EVENTS = "events.amazonaws.com"


def edge_of(
    source: DeliveryNode, hop: Hop, target: ReadResource, keys: Mapping[str, KeyFacts], account: str
) -> DeliveryEdge:
    """Judge an edge by its own settings and by whether its far end exists and lets its near end in."""
    far = list(_far_end(hop, target, keys, account))
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


def _far_end(hop: Hop, target: ReadResource, keys: Mapping[str, KeyFacts], account: str) -> Iterator[_Fault]:
    admission = target.admission
    if not target.node.exists:
        yield _Fault("blocked", f"{target.node.kind} {target.node.name} does not exist", "destination-gone")
        return
    if hop.role:
        role = hop.role.rpartition("/")[2]
        yield _Fault("unknown", f"it is sent by role {role}, whose permissions were not evaluated")
    if admission is None:
        if hop.service:
            yield _Fault("unknown", "who may write there was not read")
        return
    yield from (_Fault("blocked", text, "throttled") for text in admission.trouble)
    if admission.fifo and hop.service in _OWN_QUEUES_ONLY:
        yield _Fault("blocked", "S3 cannot notify FIFO queues and FIFO topics", "fifo-mismatch")
    if hop.service:
        yield from _by_policy(hop, target, admission, account)
        if admission.key:
            yield from _by_key(hop, admission, keys, account)


def _by_policy(hop: Hop, target: ReadResource, admission: Admission, account: str) -> Iterator[_Fault]:
    what = _WORD.get(admission.action, "policy")
    if admission.policy is None:
        yield _Fault("unknown", f"its {what} could not be read")
        return
    call = ServiceCall(
        service=hop.service,
        action=admission.action,
        resource=target.node.arn,
        source_arn=hop.on_behalf_of,
        account=account,
    )
    answer = verdict_on(admission.policy, call)
    origin = named(hop.on_behalf_of)
    if answer is PolicyAnswer.NO:
        says = f"its {what} does not let {hop.service} in for {origin.kind} {origin.name}"
        yield _Fault("blocked", says, "no-permission")
    elif answer is PolicyAnswer.UNSURE:
        says = f"whether its {what} lets {hop.service} in depends on conditions that only AWS evaluates"
        yield _Fault("unknown", says, "account-condition" if hop.service == _EVENTS else "")


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
