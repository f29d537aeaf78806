"""Data Lifecycle Manager, which moto lacks: policies are kept and checked; they take no snapshots.

Source: Amazon DLM API reference.
"""

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from opsctl.model.value import Json
from opsctl.sandbox.conditions import conditions

INTERVALS = (1, 2, 3, 4, 6, 8, 12, 24)
SCHEDULES = 4
RETAINED = 1000
_ONE = re.compile(r"^/policies/(policy-[0-9a-f]+)/?$")


class Refused(Exception):
    """An answer with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class LifecycleManager:
    """The policies of each account."""

    policies: dict[str, dict[str, dict[str, Json]]] = field(default_factory=dict)

    def answer(
        self, account: str, region: str, method: str, path: str, query: str, body: bytes
    ) -> tuple[int, dict[str, Json]]:
        """Answer a request: the status and the body."""
        kept = self.policies.setdefault(account, {})
        try:
            if path.rstrip("/") == "/policies":
                if method == "POST":
                    return 200, self._create(kept, account, region, json.loads(body))
                asked = parse_qs(query)
                return 200, {"Policies": [_summary(one) for one in kept.values() if _passes(one, asked)]}
            return 200, self._one(kept, method, path, body)
        except Refused as refused:
            return refused.status, {"Code": refused.code, "Message": str(refused)}

    def _create(self, kept: dict[str, Any], account: str, region: str, asked: dict[str, Json]) -> dict[str, Json]:
        for name in ("ExecutionRoleArn", "Description", "State"):
            if not asked.get(name):
                raise Refused(400, "InvalidRequestException", f"The request is missing the parameter {name}")
        details = asked.get("PolicyDetails") or {}
        _check(details)
        made = f"policy-{uuid.uuid4().hex[:17]}"
        moment = conditions(account).moment().strftime("%Y-%m-%dT%H:%M:%SZ")
        kept[made] = {
            "PolicyId": made,
            "PolicyArn": f"arn:aws:dlm:{region}:{account}:policy/{made}",
            "Description": asked["Description"],
            "State": asked["State"],
            "ExecutionRoleArn": asked["ExecutionRoleArn"],
            "DateCreated": moment,
            "DateModified": moment,
            "PolicyDetails": {"PolicyType": "EBS_SNAPSHOT_MANAGEMENT"} | details,
            "Tags": asked.get("Tags") or {},
        }
        return {"PolicyId": made}

    def _one(self, kept: dict[str, Any], method: str, path: str, body: bytes) -> dict[str, Json]:
        found = _ONE.match(path)
        name = found[1] if found else path
        if name not in kept:
            raise Refused(404, "ResourceNotFoundException", f"Policy {name} does not exist")
        if method == "GET":
            return {"Policy": kept[name]}
        if method == "DELETE":
            del kept[name]
            return {}
        changes = {key: value for key, value in json.loads(body).items() if value is not None}
        _check(changes.get("PolicyDetails") or kept[name]["PolicyDetails"])
        kept[name] |= changes
        return {}


def _check(details: dict[str, Json]) -> None:
    schedules = details.get("Schedules") or []
    if not details.get("ResourceTypes") or not details.get("TargetTags") or not schedules:
        raise Refused(
            400,
            "InvalidRequestException",
            "ResourceTypes, TargetTags and Schedules are needed of a snapshot policy",
        )
    if len(schedules) > SCHEDULES:
        raise Refused(400, "InvalidRequestException", f"A policy has at most {SCHEDULES} schedules")
    for schedule in schedules:
        rule = schedule.get("CreateRule") or {}
        if bool(rule.get("CronExpression")) == bool(rule.get("Interval")):
            raise Refused(400, "InvalidRequestException", "Either Interval or CronExpression is needed")
        if rule.get("Interval") and rule["Interval"] not in INTERVALS:
            raise Refused(400, "InvalidRequestException", f"Interval {rule['Interval']} is not one of {INTERVALS}")
        count = (schedule.get("RetainRule") or {}).get("Count")
        if count is not None and not 1 <= count <= RETAINED:
            raise Refused(400, "InvalidRequestException", f"Count is 1 to {RETAINED}, not {count}")


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
