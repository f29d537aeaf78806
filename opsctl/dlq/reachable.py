"""Whether what was to be delivered to exists, and lets the deliverer in."""

from opsctl.model.fetching import Fetching, elsewhere, fetch
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context
from opsctl.model.value import Value
from opsctl.resources.dead_letter_reads import topic_attributes
from opsctl.resources.queue_facts import queue_attributes, queue_url
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on

_KINDS = {"sqs": "queue", "sns": "topic"}
_ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}


class Reachable(Value):
    """A place of delivery: whether it is a function, what was seen of it, and what could not be told."""

    arn: str
    says: str
    function: bool = False
    seen: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def allowed_to(service: str, arn: str, source_arn: str, about: Context) -> ServiceCall | None:
    """The call that a service makes to deliver; None where a policy of the target does not decide it."""
    action = _ACTIONS.get(arn.split(":")[2] if arn.count(":") > 4 else "")
    if not action:
        return None
    return ServiceCall(service=service, action=action, resource=arn, source_arn=source_arn, account=about.account)


def reached(arn: str, call: ServiceCall | None, about: Context) -> Fetching[Reachable]:
    """Look at a queue, topic or function in its own Region; other places are only named."""
    parts = arn.split(":")
    kind = parts[2] if len(parts) > 5 else ""
    says = f"{_KINDS[kind]} {parts[-1]}" if kind in _KINDS else arn
    says = f"function {arn.split(':function:')[-1]}" if kind == "lambda" else says
    if kind not in _ACTIONS:
        return Reachable(arn=arn, says=says, unknown=(f"whether {says} is healthy is not checked",))
    if parts[4] != about.account:
        return Reachable(
            arn=arn, says=says, function=False, unknown=(f"{says} belongs to account {parts[4]}: check there",)
        )
    fetching = _policy(arn, kind, says, call)
    return (yield from (fetching if parts[3] == about.region else elsewhere(fetching, parts[3])))


def _policy(arn: str, kind: str, says: str, call: ServiceCall | None) -> Fetching[Reachable]:
    answer = yield from _asked(arn, kind)
    made = Reachable(arn=arn, says=says, function=kind == "lambda")
    if not answer.known:
        return made.model_copy(update={"unknown": (str(answer.refusal),)})
    # Of a function that has no policy Lambda says the same as of one that does not exist.
    if answer.value is None and kind != "lambda":
        return made.model_copy(update={"seen": (f"{says} does not exist",)})
    told = answer.value or {}
    policy = str(told.get("Policy") or (told.get("Attributes") or {}).get("Policy") or "")
    if call is None or verdict_on(policy, call) is not PolicyAnswer.NO:
        return made
    denied = f"the policy of {says} does not let {call.service} call it for {call.source_arn}"
    return made.model_copy(update={"seen": (denied,)})


def _asked(arn: str, kind: str) -> Fetching[Answer]:
    """Ask for what has the policy."""
    if kind == "lambda":
        name, _, qualifier = arn.split(":function:")[-1].partition(":")
        params = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
        return (yield from fetch(Read(service="lambda", operation="GetPolicy", params=params)))
    if kind == "sns":
        return (yield from fetch(topic_attributes(arn)))
    found = yield from fetch(queue_url(arn))
    if found.value is None:
        return found
    return (yield from fetch(queue_attributes(found.value["QueueUrl"])))
