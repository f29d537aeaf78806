"""Programs that send to several queues themselves, by what roles may do and by what CloudTrail saw them do.

A role's policies are read where they name queues; one that may send everywhere says nothing of a program. Calls of
SendMessage are data events: they are seen only where a trail logs those of queues to a log group of this Region.
Sources: IAM API, GetAccountAuthorizationDetails; CloudTrail guide, "Logging data events" and "CloudTrail record
contents"; FilterLogEvents (CloudWatch Logs API), which is a read that costs nothing by what it searches.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from opsctl.events.audit_rules import EventFinding, event_finding
from opsctl.events.send_rights import SEND, action_matches, listed, statements_in
from opsctl.events.trails import TrailFound, read_trails
from opsctl.model.commands import Commands
from opsctl.model.fetching import Fetching, fetch, gather
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.value import Json

LOOK_BACK_S = 3600
PAGES_AT_MOST = 10
_QUEUE = "AWS::SQS::Queue"
_SEVERAL = 2


class SendersSeen(NamedTuple):
    """Queues by who may send to them and by who did; `unseen` says what could not be looked at, and why."""

    allowed: Mapping[str, set[str]]
    did: Mapping[str, set[str]]
    unseen: tuple[str, ...] = ()


def read_senders(about: Context) -> Fetching[SendersSeen]:
    """Read the policies of all roles, and the last hour of data events where there are any."""
    (allowed, first), (did, second) = yield from gather([_allowed(about), _did(about)])
    return SendersSeen(allowed, did, (*first, *second))


def without(seen: SendersSeen, dead: Collection[str]) -> SendersSeen:
    """The same without dead-letter queues: who sends there as well does not send one message to several."""
    allowed, did = (
        {who: set(found) - set(dead) for who, found in one.items()} for one in (seen.allowed, seen.did)
    )
    return SendersSeen(allowed, did, seen.unseen)


def with_senders(
    findings: Iterable[EventFinding], seen: SendersSeen, commands: Commands
) -> Iterator[EventFinding]:
    """The findings with what is known of senders: each program once, and as seen where it was."""
    others = list(findings)
    named = {one.resource for one in others if one.id == "sends-itself"}
    for one in others:
        queues = seen.did.get(one.resource, set()) if one.id == "sends-itself" else set()
        yield one.model_copy(update={"seen": _seen(queues)}) if len(queues) >= _SEVERAL else one
    for who in sorted({*seen.allowed, *seen.did} - named):
        did = seen.did.get(who, set())
        queues = did if len(did) >= _SEVERAL else seen.allowed.get(who, set())
        if len(queues) >= _SEVERAL:
            verb = "sent" if len(did) >= _SEVERAL else "may send"
            flags = [word for name in sorted(queues) for word in ("--queue", name)]
            yield event_finding(
                "sends-itself",
                resource=who,
                arn=who,
                what=f"it {verb} to {', '.join(sorted(queues))}",
                fix=commands.opsctl("fanout", "create", "TOPIC", *flags, "--raw-delivery", "--dry-run"),
                seen=_seen(did) if len(did) >= _SEVERAL else "",
            )


def _seen(queues: set[str]) -> str:
    return f"seen: it sent to {', '.join(sorted(queues))} in the last hour"


def _allowed(about: Context) -> Fetching[tuple[dict[str, set[str]], tuple[str, ...]]]:
    params = {"Filter": ["Role", "LocalManagedPolicy"]}
    told = yield from fetch(Read(service="iam", operation="GetAccountAuthorizationDetails", params=params))
    if told.refusal is not None:
        return {}, (f"which roles may send to several queues: {told.refusal.message}",)
    managed = {str(one["Arn"]): _in_force(one) for one in told.value.get("Policies") or []}
    found = {}
    for role in told.value.get("RoleDetailList") or []:
        own = [one.get("PolicyDocument") for one in role.get("RolePolicyList") or []]
        attached = [managed.get(str(one["PolicyArn"])) for one in role.get("AttachedManagedPolicies") or []]
        found[f"role {role['RoleName']}"] = {name for one in (*own, *attached) for name in _queues_in(one, about)}
    return found, ()


def _in_force(policy: Json) -> Json:
    versions = [one for one in policy.get("PolicyVersionList") or [] if one.get("IsDefaultVersion")]
    return versions[0].get("Document") if versions else None


def _queues_in(document: Json, about: Context) -> Iterator[str]:
    """The queues of the Region and account that a policy names and lets send to; patterns name none."""
    here = ["sqs", about.region, about.account]
    for one in statements_in(document):
        if one.get("Effect") == "Allow" and any(
            action_matches(action, SEND) for action in listed(one.get("Action"))
        ):
            for resource in listed(one.get("Resource")):
                if resource.split(":")[2:5] == here and "*" not in resource and "?" not in resource:
                    yield resource.rpartition(":")[2]


def _did(about: Context) -> Fetching[tuple[dict[str, set[str]], tuple[str, ...]]]:
    told = yield from read_trails(about)
    trails = [one for one in told.trails if one.logging and _QUEUE in one.data]
    here = [one for one in trails if one.log_group and one.log_region == about.region]
    if not here:
        return {}, (f"who sends to several queues: {_why_unseen(told.unknown, trails)}",)
    found: dict[str, set[str]] = defaultdict(set)
    unseen: list[str] = []
    for trail in here:
        yield from _search(trail, about, found, unseen)
    return dict(found), tuple(unseen)


def _why_unseen(unknown: str, trails: list[TrailFound]) -> str:
    if unknown:
        return unknown
    if trails:
        names = ", ".join(one.name for one in trails)
        return f"trail {names} logs data events of queues, and not to a log group of this region"
    return f"no trail logs data events of queues ({_QUEUE})"


def _search(trail: TrailFound, about: Context, found: dict[str, set[str]], unseen: list[str]) -> Fetching[None]:
    params: dict[str, Json] = {
        "logGroupName": trail.log_group,
        "startTime": int((about.now - LOOK_BACK_S) * 1000),
        "endTime": int(about.now * 1000),
        "filterPattern": '"sqs.amazonaws.com" "SendMessage"',
        "limit": 10_000,
    }
    for _ in range(PAGES_AT_MOST):
        answer = yield from fetch(Read(service="logs", operation="FilterLogEvents", params=dict(params)))
        if answer.refusal is not None:
            unseen.append(f"data events in log group {trail.log_group}: {answer.refusal.message}")
            return
        for line in answer.value.get("events") or []:
            for who, queue in _sent(str(line.get("message", "")), about.region):
                found[who].add(queue)
        token = answer.value.get("nextToken")
        if not token:
            return
        params["nextToken"] = token
    unseen.append(f"data events in log group {trail.log_group}: only a part of the last hour was looked at")


def _sent(text: str, region: str) -> Iterator[tuple[str, str]]:
    """Who sent to which queue, by one record; what is none, or of a user, names nobody."""
    try:
        record = json.loads(text)
    except ValueError:
        return
    if not isinstance(record, dict) or record.get("errorCode") or record.get("awsRegion") != region:
        return
    issuer = ((record.get("userIdentity") or {}).get("sessionContext") or {}).get("sessionIssuer") or {}
    if issuer.get("type") != "Role":
        return
    for one in record.get("resources") or []:
        arn = str(one.get("ARN") or one.get("arn") or "")
        if arn.split(":")[2:3] == ["sqs"]:
            yield f"role {str(issuer.get('arn', '')).rpartition('/')[2]}", arn.rpartition(":")[2]
