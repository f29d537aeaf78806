"""The benchmarks that the README names can still be run, and compare what they say they compare."""

import pytest

from benchmarks.comparison import compare
from benchmarks.detection import ADDRESS, TARGET, sequential
from benchmarks.events_audit import EventfulRegion, audited
from benchmarks.world import BigAccount
from opsctl.block.decision import Decision
from opsctl.block.facts.block_decision import BlockDecision


def test_a_script_takes_more_calls_with_each_resource_and_deciding_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def account() -> BigAccount:
        return BigAccount(balancers=20, distributions=10, acls=10, delay_s=1e-6)

    found, looked_at = compare(BlockDecision(target=TARGET, addresses=(ADDRESS,)), account, sequential)
    assert isinstance(found, Decision)
    assert found.ways
    assert looked_at == 20
    ours, theirs = (int(line.split(" calls ")[0].split()[-1]) for line in capsys.readouterr().out.splitlines()[:2])
    assert ours < 30 < 20 * 3 < theirs


def test_an_audit_of_events_asks_one_thing_of_each_resource_and_the_rest_by_pages() -> None:
    # Four reads a function, a policy a bus, sixteen lists of the region, and one call for all counts.
    region = EventfulRegion(buckets=20, queues=60, rules=30, buses=5, functions=10)
    found = audited(region)
    assert (found.steps, found.unknown) == (20 + 30 + 30 + 10, ())
    asked = {
        "sqs.GetQueueAttributes": 60,
        "events.ListTargetsByRule": 30,
        "s3.GetBucketNotificationConfiguration": 20,
        "events.ListRules": 5,
    }
    assert {api: region.calls[api] for api in asked} == asked
    assert region.calls["lambda.ListEventSourceMappings"] == region.calls["sqs.ListQueues"] == 1
    assert region.calls.total() == sum(asked.values()) + 4 * 10 + 5 + 16 + 1
    assert region.rounds <= 8
