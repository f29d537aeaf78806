"""`opsctl who` and `--watch` over an account in which somebody sent requests, compared with what boto3 is told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.sandbox.attack import Attack
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine.clock import MachineClock
from opsctl.sandbox.engine.conditions import conditions, set_conditions
from opsctl.sandbox.engine.traffic_sending import attack
from opsctl.sandbox.worlds.seeding import seed_network
from opsctl.sandbox.worlds.traffic_logs import FLOWS, WAF, make_logs
from tests.kit.command import opsctl
from tests.kit.moto_account import World, client, fresh_world

BAD, GOOD = "198.51.100.200", "203.0.113.9"


class Behind(MachineClock):
    """Some seconds ago: whoever asks afterwards asks about a time that is over."""

    def now(self) -> float:
        return super().now() - 5


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network, make_logs) as made:
        set_conditions(made.account, clock=Behind())
        for address, requests in ((BAD, 7), (GOOD, 5)):
            asked = Attack(address=address, target="direct-alb", requests=requests, path="/<b>\x1b[31m|x?y=1")
            attack(made.account, REGION, client, conditions(made.account), asked)
        yield made


def reports(tmp_path: Path, *words: str) -> dict[str, Any]:
    done = opsctl(tmp_path, "who", *words, "-o", "json")
    assert done.returncode == 0, done.stderr
    return {one["source"]: one for one in json.loads(done.stdout)["result"]["reports"]}


def counted_by_boto3(group: str, query: str) -> int:
    logs = client("logs")
    started = logs.start_query(logGroupName=group, startTime=0, endTime=4_000_000_000, queryString=query)[
        "queryId"
    ]
    (row,) = logs.get_query_results(queryId=started)["results"]
    return int(row[0]["value"])


def test_logs_samples_and_flow_logs_say_what_boto3_counts(world: World, tmp_path: Path) -> None:
    found = reports(tmp_path, BAD, "--target", "direct.example.com")
    query = f'filter httpRequest.clientIp = "{BAD}" and action = "BLOCK" | stats count(*) as n'
    assert found["waf-log"]["count"] == found["waf-samples"]["count"] == counted_by_boto3(WAF, query) == 7
    records = counted_by_boto3(FLOWS, f'filter srcAddr = "{BAD}" | stats count(*) as n')
    assert found["flow-logs"]["count"] == records > 0
    assert (
        "7 requests refused (BLOCK) at direct-alb by rule known-scanners" in found["waf-log"]["found"][0]["says"]
    )
    assert {one["status"] for one in client("logs").describe_queries()["queries"]} == {"Complete"}


def test_an_address_that_gets_in_is_told_so_and_its_text_harms_nobody(world: World, tmp_path: Path) -> None:
    done = opsctl(tmp_path, "who", GOOD, "--target", "direct.example.com")
    assert "5 requests let through at direct-alb by the default action" in " ".join(done.stdout.split())
    assert "\x1b" not in done.stdout
    assert "\x1b" not in opsctl(tmp_path, "who", GOOD, "-o", "markdown").stdout


def test_without_money_no_query_is_started_and_on_a_plan_none_ever(world: World, tmp_path: Path) -> None:
    found = reports(tmp_path, BAD, "--max-cost", "0")
    assert {found[name]["looked"] for name in ("waf-log", "flow-logs")} == {"no"}
    assert found["waf-samples"]["count"] == 7
    done = opsctl(tmp_path, "block-ip", GOOD, "--target", "direct.example.com", "--dry-run")
    assert done.returncode == 0
    assert client("logs").describe_queries()["queries"] == []


def test_all_of_it_is_found_without_a_target_too(world: World, tmp_path: Path) -> None:
    found = reports(tmp_path, BAD)
    assert found["waf-log"]["count"] == 7
    assert found["flow-logs"]["count"] > 0
    assert found["athena"]["looked"] == "no"
