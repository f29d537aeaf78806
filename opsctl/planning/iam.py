"""Derives the exact IAM policies of a plan from its reads and changes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from opsctl.model.changes import Change, Check, Instruction, Irreversible, Query
from opsctl.model.readonly import is_read_only
from opsctl.model.reads import Read
from opsctl.model.references import references_in
from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.planning.iam_actions import ALSO, ANY_RESOURCE, NO_PERMISSION_NEEDED, RESOURCES, action_of
from opsctl.planning.waf_permissions import asked_besides
from opsctl.resources.queue_facts import place_of_url

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_EVERY = "*"


class _Grants:
    """Actions by resource, in a stable order."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._resources: dict[str, set[str]] = {}

    def add(
        self,
        service: str,
        operation: str,
        params: Mapping[str, Json],
        region: str | None,
        *,
        called: bool = True,
    ) -> None:
        """Add what an operation needs; one that AWS only asks the permission for needs nothing else."""
        api = f"{service}.{operation}"
        if api in NO_PERMISSION_NEEDED:
            return
        action = action_of(api)
        templates = RESOURCES.get(api, (_EVERY,))
        resources = {one for template in templates for one in self._filled(template, params, region)}
        self._resources.setdefault(action, set()).update(resources)
        for extra in ALSO.get(api, ()) if called else ():
            self._resources.setdefault(extra, set()).add("*")
        for asked, resource in asked_besides(api, params):
            self._resources.setdefault(asked, set()).add(resource)

    def on_everything(self) -> list[str]:
        """The actions that are allowed on every resource."""
        return sorted(action for action, resources in self._resources.items() if _EVERY in resources)

    def policy(self) -> dict[str, Json]:
        by_resources: dict[tuple[str, ...], list[str]] = {}
        for action, resources in sorted(self._resources.items()):
            key = (_EVERY,) if _EVERY in resources else tuple(sorted(resources))
            by_resources.setdefault(key, []).append(action)
        statements = [
            {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
            for resources, actions in sorted(by_resources.items())
        ]
        return {"Version": "2012-10-17", "Statement": statements}

    def _filled(self, template: str, params: Mapping[str, Json], region: str | None) -> Iterator[str]:
        """Fill a template in, for each item of the list that it names, if it names one."""
        lists = [name for name in _PLACEHOLDER.findall(template) if isinstance(params.get(name), list | tuple)]
        if not lists:
            yield self._fill(template, params, region)
            return
        for item in params[lists[0]]:
            yield self._fill(template, {**params, lists[0]: item}, region)

    def _fill(self, template: str, params: Mapping[str, Json], region: str | None) -> str:
        known = {
            "partition": self._identity.partition,
            "account": self._identity.account,
            "region": region or self._identity.region,
            "QueueArn": self._queue(params, region),
            "RulePath": _rule_path(params),
            "scope": "global" if params.get("Scope") == "CLOUDFRONT" else "regional",
        }

        def value(match: re.Match[str]) -> str:
            found = known.get(match[1]) or params.get(match[1])
            # What an earlier change makes has no name yet, so the policy cannot name it either.
            return found if isinstance(found, str) and found else "*"

        named = [params.get(name) for name in _PLACEHOLDER.findall(template)]
        # A parameter may be the whole ARN, in another region than the call's.
        arns = [text for text in named if isinstance(text, str) and text.startswith("arn:")]
        return arns[0] if arns else _PLACEHOLDER.sub(value, template)

    def _queue(self, params: Mapping[str, Json], region: str | None) -> str:
        """The ARN of the queue that a URL or a name is of, with any name while that is not known yet."""
        if params.keys().isdisjoint(("QueueUrl", "QueueName")):
            return ""
        url, here = params.get("QueueUrl"), region or self._identity.region
        place = place_of_url(url, here) if isinstance(url, str) else None
        name = str(params.get("QueueName", _EVERY))
        return f"arn:{self._identity.partition}:sqs:{':'.join(place or (here, self._identity.account, name))}"


def _rule_path(params: Mapping[str, Json]) -> str:
    """A rule as its ARN names it: beyond the default bus after its bus; empty while its name is not known yet."""
    name = params.get("Name") or params.get("Rule")
    bus = str(params.get("EventBusName") or "default").rpartition("event-bus/")[2]
    if not isinstance(name, str):
        return ""
    return name if bus == "default" else f"{bus}/{name}"


def policy_for_reads(reads: Iterable[Read], identity: Identity) -> dict[str, Json]:
    """Return the IAM policy document that allows those reads and nothing else."""
    grants = _Grants(identity)
    for read in reads:
        grants.add(read.service, read.operation, read.params, read.region)
    return grants.policy()


def policy_for_changes(
    changes: Sequence[Change], identity: Identity, references: Mapping[str, Query] | None = None
) -> dict[str, Json]:
    """Return the IAM policy document to apply, prove and undo those changes, reads included.

    `references` are what other changes put out: those that are needed here are read here.
    """
    grants = _Grants(identity)
    for query in _needed(changes, references or {}):
        grants.add(query.read.service, query.read.operation, query.read.params, query.read.region)
    for change in _all(changes):
        for instruction in _instructions(change):
            _grant(grants, instruction)
            if instruction.edit is not None:
                spared = instruction.edit.spares
                for read in (instruction.edit.read, *((spared.read,) if spared is not None else ())):
                    grants.add(read.service, read.operation, read.params, read.region)
        predicates = (*change.expect, *change.proof.checks)
        chosen = () if change.choice is None else (change.choice.taken,)
        checks = (*predicates, *change.only_if, *change.undo_only_if, *change.outputs.values(), *chosen)
        left = [one.spares for one in checks if isinstance(one, Check) and one.spares is not None]
        for check in (*checks, *left):
            grants.add(check.read.service, check.read.operation, check.read.params, check.read.region)
    return grants.policy()


def allowed_everywhere(changes: Iterable[Change], identity: Identity) -> dict[str, tuple[str, ...]]:
    """Return what a policy for those changes allows on every resource without a reason that is written down.

    By IAM action, with the changes that need it; what only reads is left out.
    """
    found: dict[str, dict[str, None]] = {}
    for change in _all(changes):
        grants = _Grants(identity)
        for instruction in _instructions(change):
            _grant(grants, instruction, reads=False)
        for action in grants.on_everything():
            if action not in ANY_RESOURCE:
                found.setdefault(action, {})[change.id] = None
    return {action: tuple(ids) for action, ids in sorted(found.items())}


def _needed(changes: Sequence[Change], references: Mapping[str, Query]) -> Iterator[Query]:
    """Find the references that are used, and those that these need themselves."""
    if not references:
        return
    left = [name for one in changes for name in references_in(one.model_dump(mode="json"))]
    seen: set[object] = set()
    while left:
        name = left.pop()
        if name in references and name not in seen:
            seen.add(name)
            yield references[name]
            left += references_in(references[name].read.params)


def _all(changes: Iterable[Change]) -> Iterator[Change]:
    for planned in changes:
        yield planned
        yield from planned.undo_first


def _grant(grants: _Grants, instruction: Instruction, *, reads: bool = True) -> None:
    """Add what an instruction itself calls, or has called for it; without its reads if they are not wanted."""
    if instruction.kind in ("call", "edit"):
        grants.add(instruction.service, instruction.operation, instruction.params, instruction.region)
    for grant in instruction.grants:
        called = instruction.kind == "job"
        if reads or not is_read_only(grant.service, grant.operation):
            grants.add(grant.service, grant.operation, grant.params, instruction.region, called=called)


def _instructions(change: Change) -> list[Instruction]:
    return [change] if isinstance(change.undo, Irreversible) else [change, change.undo]
