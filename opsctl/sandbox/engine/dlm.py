"""Data Lifecycle Manager, which moto lacks: policies are kept and checked, and take snapshots by their schedules.

Source: Amazon DLM API reference.
"""

import json
import re
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.dlm_checks import faults_in
from opsctl.sandbox.engine.dlm_runs import HOUR_S, next_run, run

POLICIES = 100
_ONE = re.compile(r"^/policies/(policy-[0-9a-f]+)/?$")


class RejectedRequest(Exception):
    """An answer with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class LifecycleManager:
    """The policies of each account and region."""

    policies: dict[tuple[str, str], dict[str, dict[str, Json]]] = field(default_factory=dict)

    def answer(
        self, account: str, region: str, method: str, path: str, query: str, body: bytes
    ) -> tuple[int, dict[str, Json]]:
        """Answer a request: the status and the body."""
        timeline = conditions(account).timeline
        timeline.catch_up()
        with timeline.lock:
            kept = self.policies.setdefault((account, region), {})
            try:
                if path.rstrip("/") == "/policies":
                    if method == "POST":
                        return 200, self._create(kept, account, region, json.loads(body))
                    asked = parse_qs(query)
                    return 200, {"Policies": [_summary(one) for one in kept.values() if _passes(one, asked)]}
                return 200, self._one(kept, account, region, method, path, body)
            except RejectedRequest as refused:
                return refused.status, {"Code": refused.code, "Message": str(refused)}

    def _create(self, kept: dict[str, Any], account: str, region: str, asked: dict[str, Json]) -> dict[str, Json]:
        for name in ("ExecutionRoleArn", "Description", "State"):
            if not asked.get(name):
                raise RejectedRequest(
                    400, "InvalidRequestException", f"The request is missing the parameter {name}"
                )
        _check(asked, account)
        if len(kept) >= POLICIES:
            raise RejectedRequest(
                429, "LimitExceededException", f"There are {POLICIES} policies in {region} already"
            )
        made = f"policy-{uuid.uuid4().hex[:17]}"
        moment = conditions(account).moment().strftime("%Y-%m-%dT%H:%M:%SZ")
        kept[made] = {
            "PolicyId": made,
            "PolicyArn": f"arn:aws:dlm:{region}:{account}:policy/{made}",
            "Description": asked["Description"],
            "State": asked["State"],
            "StatusMessage": asked["State"],
            "ExecutionRoleArn": asked["ExecutionRoleArn"],
            "DateCreated": moment,
            "DateModified": moment,
            "PolicyDetails": {"PolicyType": "EBS_SNAPSHOT_MANAGEMENT"} | asked["PolicyDetails"],
            "Tags": asked.get("Tags") or {},
        }
        self._wait(account, region, kept[made])
        return {"PolicyId": made}

    def _one(
        self, kept: dict[str, Any], account: str, region: str, method: str, path: str, body: bytes
    ) -> dict[str, Json]:
        found = _ONE.match(path)
        name = found[1] if found else path
        if name not in kept:
            raise RejectedRequest(404, "ResourceNotFoundException", f"Policy {name} does not exist")
        if method == "GET":
            return {"Policy": kept[name]}
        if method == "DELETE":
            del kept[name]
            return {}
        changes = {key: value for key, value in json.loads(body).items() if value is not None}
        changed = kept[name] | changes
        fixed = ("PolicyType", "ResourceTypes")
        if any(changed["PolicyDetails"].get(one) != kept[name]["PolicyDetails"][one] for one in fixed):
            raise RejectedRequest(
                400, "InvalidRequestException", "The types of a policy and its resources cannot change"
            )
        _check(changed, account)
        kept[name] = changed
        self._wait(account, region, changed)
        return {}

    def _wait(self, account: str, region: str, policy: dict[str, Json]) -> None:
        """Let every schedule of a policy run when it is due, as long as it is that very policy."""
        for schedule in policy["PolicyDetails"]["Schedules"]:
            self._wait_for(account, region, policy, schedule)

    def _wait_for(self, account: str, region: str, policy: dict[str, Json], schedule: Json) -> None:
        about = conditions(account)
        hour = about.durations.policy_hour
        # Rounded, so that the moment of a run never comes out as just before itself.
        due = next_run(schedule["CreateRule"], round(about.now() * HOUR_S / hour, 2))

        def begin() -> None:
            if self.policies.get((account, region), {}).get(policy["PolicyId"]) is policy:
                self._wait_for(account, region, policy, schedule)
                if policy["State"] == "ENABLED":
                    about.later(about.durations.policy_run, partial(run, account, region, policy, schedule))

        if due is not None:
            about.later(due * hour / HOUR_S - about.now(), begin)


def _check(policy: Json, account: str) -> None:
    about = conditions(account)
    for fault in faults_in(policy, account, about.now() - about.durations.role):
        raise RejectedRequest(400, "InvalidRequestException", fault)


def _passes(policy: dict[str, Json], asked: dict[str, list[str]]) -> bool:
    tags = {f"{tag['Key']}={tag['Value']}" for tag in policy["PolicyDetails"]["TargetTags"]}
    return (
        ("policyIds" not in asked or policy["PolicyId"] in asked["policyIds"])
        and ("targetTags" not in asked or bool(tags & set(asked["targetTags"])))
        and ("state" not in asked or policy["State"] in asked["state"])
    )


def _summary(policy: dict[str, Json]) -> dict[str, Json]:
    kept = {key: policy[key] for key in ("PolicyId", "Description", "State", "Tags")}
    return kept | {"PolicyType": policy["PolicyDetails"]["PolicyType"]}
