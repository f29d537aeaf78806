"""Derives the exact IAM policies of a plan from its reads and changes."""

import re
from collections.abc import Iterable, Mapping

from opsctl.model.changes import Change, Instruction, Irreversible
from opsctl.model.reads import Read
from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.planning.iam_actions import ALSO, NAMES, NO_PERMISSION_NEEDED, PREFIXES, RESOURCES
from opsctl.resources.queue_facts import place_of_url

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


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
        action = NAMES.get(api, f"{PREFIXES.get(service, service)}:{operation}")
        templates = RESOURCES.get(api, ("*",))
        resources = {self._fill(template, params, region) for template in templates}
        self._resources.setdefault(action, set()).update(resources)
        for extra in ALSO.get(api, ()) if called else ():
            self._resources.setdefault(extra, set()).add("*")

    def policy(self) -> dict[str, Json]:
        by_resources: dict[tuple[str, ...], list[str]] = {}
        for action, resources in sorted(self._resources.items()):
            key = ("*",) if "*" in resources else tuple(sorted(resources))
            by_resources.setdefault(key, []).append(action)
        statements = [
            {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
            for resources, actions in sorted(by_resources.items())
        ]
        return {"Version": "2012-10-17", "Statement": statements}

    def _fill(self, template: str, params: Mapping[str, Json], region: str | None) -> str:
        known = {
            "partition": self._identity.partition,
            "account": self._identity.account,
            "region": region or self._identity.region,
            "QueueArn": self._queue(params, region),
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
        """The ARN of the queue that a URL is of; empty when that is not known yet."""
        url = params.get("QueueUrl")
        place = place_of_url(url, region or self._identity.region) if isinstance(url, str) else None
        return f"arn:{self._identity.partition}:sqs:{':'.join(place)}" if place else ""


def policy_for_reads(reads: Iterable[Read], identity: Identity) -> dict[str, Json]:
    """Return the IAM policy document that allows those reads and nothing else."""
    grants = _Grants(identity)
    for read in reads:
        grants.add(read.service, read.operation, read.params, read.region)
    return grants.policy()


def policy_for_changes(changes: Iterable[Change], identity: Identity) -> dict[str, Json]:
    """Return the IAM policy document to apply, prove and undo those changes, reads included."""
    grants = _Grants(identity)
    for change in (one for planned in changes for one in (planned, *planned.undo_first)):
        for instruction in _instructions(change):
            if instruction.kind in ("call", "edit"):
                grants.add(instruction.service, instruction.operation, instruction.params, instruction.region)
            for grant in instruction.grants:
                called = instruction.kind == "job"
                grants.add(grant.service, grant.operation, grant.params, instruction.region, called=called)
            if instruction.edit is not None:
                read = instruction.edit.read
                grants.add(read.service, read.operation, read.params, read.region)
        predicates = (*change.expect, *change.proof.configured, *change.proof.effective)
        chosen = () if change.choice is None else (change.choice.taken,)
        checks = (*predicates, *change.only_if, *change.undo_only_if, *change.outputs.values(), *chosen)
        for check in checks:
            grants.add(check.read.service, check.read.operation, check.read.params, check.read.region)
    return grants.policy()


def _instructions(change: Change) -> list[Instruction]:
    return [change] if isinstance(change.undo, Irreversible) else [change, change.undo]
