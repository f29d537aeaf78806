"""Lambda functions: whether one can be invoked at all, and where the results of asynchronous events go.

Sources: Lambda guide, "Asynchronous invocation", "Reserved concurrency"; Lambda API.
"""

from collections.abc import Iterator

from opsctl.events.delivery_graph import DeliveryNode
from opsctl.events.hops import Admission, Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.consumers import function_configuration


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read the function's settings, concurrency, policy and destinations at once."""
    parts = place.arn.split(":")
    name, qualifier = parts[6], parts[7] if len(parts) > 7 else ""
    qualified: dict[str, Json] = {"Qualifier": qualifier} if qualifier else {}
    told = ResourceAnswers()
    found = yield from told.ask(
        [
            ("function", function_configuration(":".join(parts[:7]))),
            ("concurrency", read_of("lambda", "GetFunctionConcurrency", FunctionName=name)),
            ("policy", read_of("lambda", "GetPolicy", FunctionName=name, **qualified)),
            ("destinations", read_of("lambda", "ListFunctionEventInvokeConfigs", FunctionName=name)),
        ]
    )
    trouble = []
    if (found["concurrency"] or {}).get("ReservedConcurrentExecutions") == 0:
        trouble.append("its reserved concurrency is 0, so every invocation is throttled")
    state = (found["function"] or {}).get("State", "Active")
    if state == "Failed":
        trouble.append("the function is failed")
    hops = tuple(_outcomes(found))
    node = DeliveryNode(
        arn=place.arn,
        kind="function",
        name=":".join(parts[6:]),
        # The API's own words: an inactive function is reactivated by invoking it.
        notes=("inactive until it is invoked, which starts it again",) if state == "Inactive" else (),
        unknown=tuple(told.unknown),
        exists="function" not in told.missing,
        ends=not hops,
    )
    policy = None if found["policy"] is None else str(found["policy"].get("Policy", ""))
    return ReadResource(
        node=node,
        hops=hops,
        admission=Admission(action="lambda:InvokeFunction", policy=policy, trouble=tuple(trouble)),
    )


def _outcomes(found: dict[str, Json]) -> Iterator[Hop]:
    """The destinations of asynchronous invocations; the function's role sends there."""
    dead = ((found["function"] or {}).get("DeadLetterConfig") or {}).get("TargetArn")
    role = str((found["function"] or {}).get("Role") or "")
    if dead:
        yield Hop(
            to=Waypoint(arn=str(dead)), by="dead-letter queue of asynchronous events", role=role, failure=True
        )
    for words, failure, arn in _results(found["destinations"]):
        yield Hop(
            to=Waypoint(arn=arn), by=f"{words} of asynchronous events", role=role, failure=failure, makes="result"
        )


def outcomes_of(answer: Json) -> list[str]:
    """Return the ARNs that take results of a function's asynchronous invocations."""
    return [arn for _, _, arn in _results(answer)]


def _results(answer: Json) -> Iterator[tuple[str, bool, str]]:
    for one in items_of(answer, "FunctionEventInvokeConfigs"):
        config = one.get("DestinationConfig") or {}
        for member, words in (("OnSuccess", "on success"), ("OnFailure", "on failure")):
            if arn := (config.get(member) or {}).get("Destination"):
                yield words, member == "OnFailure", str(arn)
