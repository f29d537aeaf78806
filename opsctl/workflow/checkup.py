"""Whether a caller may read what commands read: tried where no target is needed, asked of IAM where one is."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from opsctl.model.ports import Aws, Reader, ServiceModels
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.sentences import first_few
from opsctl.model.value import Json, Value
from opsctl.planning.iam_actions import action_of
from opsctl.resources.policy_simulation import Verdict, judged
from opsctl.workflow.permissions import principal_of

_LIMITS = ("maxresults", "maxitems", "pagesize", "limit", "maxrecords")
_TOKENS = ("nexttoken", "marker", "nextmarker")
_NEED_A_TARGET = frozenset({"logs.FilterLogEvents"})
"""Whose models require nothing, and whose documentation wants one of several parameters all the same."""
_FEW = 5
"""A page that every service takes: EC2 wants at least five of a thing."""


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    BAD = "bad"
    NOT_TRIED = "not tried"


class ReadState(Value):
    """How one read stands, and how that is known."""

    api: str
    state: State
    detail: str


class Examined(Value):
    """One line of what was looked at; `hint` says what to do where it is bad, `reads` is what it is made of."""

    check: str
    state: State
    detail: str
    hint: str = ""
    reads: tuple[ReadState, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it is certain that this stands well."""
        return self.state is State.OK


def read_states(apis: Iterable[str], models: ServiceModels, reader: Reader, aws: Aws) -> dict[str, ReadState]:
    """Try each read that needs no target, one page of it, and ask IAM about the others in one call."""
    wanted = sorted(set(apis))
    tries = {api: read for api in wanted if (read := trial_of(api, models)) is not None}
    answers = dict(zip(tries, reader.read_many(list(tries.values())), strict=True))
    found = {api: state for api, answer in answers.items() if (state := _of_answer(api, answer)) is not None}
    return found | _simulated([api for api in wanted if api not in found], aws)


_HOMES = {"globalaccelerator": "us-west-2"}
"""Services whose API is in one region alone, wherever the caller is."""


_NOT_EVERYWHERE = ("amplify", "apprunner", "appsync", "cognito-idp")
"""Services that some Regions lack: no connection says nothing of rights there."""


def trial_of(api: str, models: ServiceModels) -> Read | None:
    """Return the read with which an operation can be tried, or nothing where it needs a target or has no end."""
    service, _, operation = api.partition(".")
    schema = models.input_shape(service, operation)
    if schema is None or api in _NEED_A_TARGET:
        return None
    params: dict[str, Json] = {}
    for name in schema.get("required", ()):
        # A choice such as the scope of a web ACL: the region's own is asked for.
        if "REGIONAL" not in schema["properties"][name].get("enum", ()):
            return None
        params[name] = "REGIONAL"
    names = {name.lower(): name for name in schema["properties"]}
    limit = next((names[one] for one in _LIMITS if one in names), None)
    if limit is not None:
        kind = schema["properties"][limit].get("type")
        params[limit] = str(_FEW) if kind == "string" else _FEW
    elif any(one in names for one in _TOKENS):
        return None
    return Read(service=service, operation=operation, params=params, region=_HOMES.get(service))


def _of_answer(api: str, answer: Answer) -> ReadState | None:
    """Say what an answer shows; nothing where it says nothing of rights: the call lacked something, or broke."""
    if answer.known:
        return ReadState(api=api, state=State.OK, detail="allowed: tried")
    assert answer.refusal is not None  # noqa: S101 - what is not known was refused
    if answer.refusal.kind in (RefusalKind.INVALID, RefusalKind.UNREADABLE):
        return None
    if answer.refusal.kind is RefusalKind.UNREACHABLE and api.partition(".")[0] in _NOT_EVERYWHERE:
        return None
    return ReadState(api=api, state=State.BAD, detail=str(answer.refusal))


def _simulated(apis: list[str], aws: Aws) -> dict[str, ReadState]:
    """Ask IAM about reads that need a target; it knows where the caller's policies decide for every target."""
    verdicts = _verdicts([action_of(api) for api in apis], aws) if apis else {}
    states = {
        Verdict.ALLOWED: (State.OK, "allowed: IAM's simulation"),
        Verdict.DENIED: (State.BAD, "denied: IAM's simulation"),
        Verdict.UNKNOWN: (State.NOT_TRIED, "needs a target, and IAM cannot tell beforehand"),
    }
    told = {api: states[verdicts.get(action_of(api), Verdict.UNKNOWN)] for api in apis}
    return {api: ReadState(api=api, state=state, detail=detail) for api, (state, detail) in told.items()}


def _verdicts(actions: list[str], aws: Aws) -> Mapping[str, Verdict]:
    principal = principal_of(aws)
    if not principal:
        return {}
    params = {"PolicySourceArn": principal, "ActionNames": sorted(set(actions))}
    answer = aws.read(Read(service="iam", operation="SimulatePrincipalPolicy", params=params))
    if answer.refusal is not None:
        return {}
    found = [one for result in answer.value.get("EvaluationResults") or [] for one in judged(result)]
    return {one.action: one.verdict for one in found}


def examined_reads(name: str, apis: Iterable[str], states: Mapping[str, ReadState]) -> Examined:
    """Return the line of one playbook: how many of its reads are allowed, and which are not."""
    reads = tuple(states[api] for api in sorted(apis))
    count = {state: [one.api for one in reads if one.state is state] for state in State}
    check, allowed = f"reads of {name}", f"{len(count[State.OK])} of {len(reads)} allowed"
    if count[State.BAD]:
        refused = first_few(count[State.BAD], 4)
        hint = "-o json has each with the reason; a plan names the permissions that it needs"
        return Examined(check=check, state=State.BAD, detail=f"{allowed}, not {refused}", hint=hint, reads=reads)
    rest = f", {len(count[State.NOT_TRIED])} not tried: they need a target" if count[State.NOT_TRIED] else ""
    return Examined(check=check, state=State.OK, detail=allowed + rest, reads=reads)
