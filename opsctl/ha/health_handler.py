"""Judges the handler of a group and everything that calls it, lets it act, and hears from it: pure."""

from collections.abc import Iterator, Sequence

from opsctl.ha.health_finding import HealthFinding, judged
from opsctl.model.commands import Commands
from opsctl.model.value import Json

GROUP_RULES = ("hooks", "sweep", "failures")
PAIR_RULES = ("alarm", "sweep")
_TELLER = "failures"


def check_deployed_handler(
    answers: dict[str, Json], stem: str, rules: Sequence[str], commands: Commands
) -> Iterator[HealthFinding]:
    """Judge the function, its role, the rules, the queue and the topic, as far as each could be read."""
    callers = [one for one in rules if one != _TELLER]
    if "function" in answers:
        yield _function(answers["function"], stem, commands)
    if "role" in answers:
        allowed = bool(answers["role"].get("PolicyName"))
        words = f"role {stem} or its policy was deleted: AWS denies every call of the handler"
        yield judged("role", allowed, "has its policy", words)
    for name in rules:
        if f"{name}-rule" in answers and f"{name}-targets" in answers:
            on = answers[f"{name}-rule"].get("State") == "ENABLED" and answers[f"{name}-targets"].get("Targets")
            words = "the handler is not called" if name != _TELLER else "no notification of failed launches"
            yield judged(f"rule {name}", bool(on), "on", f"disabled, deleted or without its target: {words}")
    if "permissions" in answers:
        policy = str(answers["permissions"].get("Policy", ""))
        locked_out = [name for name in callers if f'"{stem}-{name}"' not in policy]
        words = f"the function refuses the rule {' and '.join(locked_out)}: its own policy does not name it"
        yield judged("permissions", not locked_out, "allows the rules", words)
    if "queue" in answers:
        count = int((answers["queue"].get("Attributes") or {}).get("ApproximateNumberOfMessages", 0))
        words = f"{count} event(s) that could not be processed: {commands.opsctl('dlq', 'inspect', f'{stem}-dlq')}"
        yield judged("dead letters", count == 0, "none", words)
    elif answers.get("queue-url") == {}:
        yield judged(
            "dead letters", good=False, fine="", wrong="the queue was deleted: failed events leave no trace"
        )
    if "topic" in answers:
        yield _topic(answers["topic"], commands)


def _function(answer: Json, stem: str, commands: Commands) -> HealthFinding:
    told = answer.get("Configuration") or {}
    state = told.get("State", "gone")
    if state == "Active" and told.get("LastUpdateStatus") == "Failed":
        state = "half updated"
    reserved = (answer.get("Concurrency") or {}).get("ReservedConcurrentExecutions")
    if state == "Active" and reserved == 0:
        reserve = ("lambda", "put-function-concurrency", "--function-name", stem)
        one = commands.aws(*reserve, "--reserved-concurrent-executions", "1")
        words = f"cannot run: its reserved concurrency is 0; {one} sets 1"
        return judged("handler", good=False, fine="", wrong=words)
    return judged("handler", state == "Active", "active", f"is {state}: nothing is moved to a replacement")


def _topic(answer: Json, commands: Commands) -> HealthFinding:
    attributes = answer.get("Attributes")
    if not attributes:
        return judged("topic", good=False, fine="", wrong="SNS topic was deleted; no notifications")
    count = int(attributes.get("SubscriptionsConfirmed", 0))
    arn = attributes.get("TopicArn", "")
    subscribe = ("sns", "subscribe", "--topic-arn", arn, "--protocol", "email", "--notification-endpoint")
    alone = f"exists, but has no subscription: {commands.aws(*subscribe, 'ADDRESS')}"
    return judged("topic", good=True, fine=f"{count} subscribed" if count else alone, wrong="")
