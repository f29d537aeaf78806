"""Switching a notification to EventBridge, with boto3 as the witness, and against faults at every call."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from opsctl.model.errors import OpsctlError, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.sandbox.worlds.uploads import BUCKET
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import inverse_plan
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import Faulty, Killed, MemoryJournal
from tests.kit.uploads import configuration, make_bucket, policy, put, queue_arn

SCANS = "NTBkYjU3Y2UtM2Zk"


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_bucket) as made:
        # The sandbox's has EventBridge on already.
        put({name: value for name, value in configuration().items() if name != "EventBridgeConfiguration"})
        yield made


def wish(way: str, **more: Json) -> dict[str, Json]:
    return {"bucket": BUCKET, "id": SCANS, way: True, "skip_validation": True} | more


def look() -> Json:
    """Configuration, policy of the destination, rules with state and targets, and the queues there are."""
    events = client("events")
    rules = [
        (one["Name"], one["State"], one["EventPattern"], events.list_targets_by_rule(Rule=one["Name"])["Targets"])
        for one in events.list_rules()["Rules"]
    ]
    found = {name: sorted(map(str, value)) for name, value in configuration().items()}
    return found, policy("upload-scans"), rules, sorted(client("sqs").list_queues()["QueueUrls"])


def bodies(queue: str) -> list[Json]:
    url = client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    told = [
        one
        for _ in range(4)
        for one in client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages") or []
    ]
    return [json.loads(one["Body"]) for one in told]


def go(plan: Plan, world: World, journal: MemoryJournal, path: Path, aws: Aws | None = None) -> None:
    path.mkdir(exist_ok=True)
    carry_out(plan, world, journal, path, aws)


def ours() -> dict[str, Json]:
    """The rule that the run made."""
    return next(one for one in client("events").list_rules()["Rules"] if one["Name"].startswith("opsctl-s3-"))


def test_with_overlap_nothing_is_missed_and_the_others_stay(world: World, tmp_path: Path) -> None:
    before, start = configuration(), look()
    plan, journal = world.plan("s3-events-switch", wish("overlap")), MemoryJournal()
    began = world.clock.now()
    go(plan, world, journal, tmp_path)
    assert world.clock.now() - began >= 360
    after = configuration()
    assert after == {name: value for name, value in before.items() if name != "QueueConfigurations"} | {
        "EventBridgeConfiguration": {}
    }
    rule = ours()
    assert rule["State"] == "ENABLED"
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [BUCKET]}, "object": {"key": [{"prefix": "incoming/"}]}},
    }
    assert json.loads(rule["EventPattern"]) == pattern
    (target,) = client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == queue_arn(world, "upload-scans")
    assert target["DeadLetterConfig"]["Arn"].endswith(f"{rule['Name']}-undelivered")
    statement = next(one for one in json.loads(policy("upload-scans"))["Statement"] if "Sid" in one)
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rule["Arn"]}}
    bodies("upload-scans")
    client("s3").put_object(Bucket=BUCKET, Key="incoming/a.jpg", Body=b"x")
    client("s3").put_object(Bucket=BUCKET, Key="other/a.jpg", Body=b"x")
    (told,) = bodies("upload-scans")
    assert (told["detail-type"], told["detail"]["object"]["key"]) == ("Object Created", "incoming/a.jpg")
    go(inverse_plan(plan, journal), world, MemoryJournal(), tmp_path)
    assert look() == start


def test_the_notification_goes_only_after_the_rule_is_on(world: World, tmp_path: Path) -> None:
    plan = world.plan("s3-events-switch", wish("overlap"))
    calls = [change.operation for change in plan.changes]
    puts = [at for at, name in enumerate(calls) if name == "PutBucketNotificationConfiguration"]
    assert puts[0] < calls.index("EnableRule") < puts[1]
    assert calls.index("PutTargets") < puts[0]


def test_a_cutover_is_one_write_and_lists_what_came_in_between(world: World, tmp_path: Path) -> None:
    start = look()
    plan, journal = world.plan("s3-events-switch", wish("cutover")), MemoryJournal()
    calls = [change.operation for change in plan.changes]
    assert calls.count("PutBucketNotificationConfiguration") == 1
    assert "EnableRule" not in calls
    client("s3").put_object(Bucket=BUCKET, Key="incoming/between.jpg", Body=b"x")
    go(plan, world, journal, tmp_path)
    assert configuration()["EventBridgeConfiguration"] == {}
    assert "QueueConfigurations" not in configuration()
    assert ours()["State"] == "ENABLED"
    go(inverse_plan(plan, journal), world, MemoryJournal(), tmp_path)
    assert look() == start


@pytest.mark.parametrize("more", [{}, {"overlap": True, "cutover": True}])
def test_the_way_has_to_be_said(world: World, more: dict[str, Json]) -> None:
    with pytest.raises(RefusedByGuard, match="which-way"):
        world.plan("s3-events-switch", {"bucket": BUCKET, "id": SCANS, "skip_validation": True} | more)


def test_an_event_type_that_eventbridge_is_never_told_of_is_refused(world: World) -> None:
    lost = {"QueueArn": queue_arn(world, "upload-scans"), "Events": ["s3:Replication:*"], "Id": "copies"}
    put({"QueueConfigurations": [lost]})
    with pytest.raises(RefusedByGuard, match="untold"):
        world.plan("s3-events-switch", wish("overlap", id="copies"))


def test_records_are_written_again_where_that_is_asked_for(world: World, tmp_path: Path) -> None:
    plan = world.plan("s3-events-switch", wish("cutover", as_records=True))
    go(plan, world, MemoryJournal(), tmp_path)
    bodies("upload-scans")
    client("s3").put_object(Bucket=BUCKET, Key="incoming/a b.jpg", Body=b"xyz")
    (told,) = bodies("upload-scans")
    (record,) = told["Records"]
    assert record["s3"]["object"]["key"] == "incoming/a b.jpg"
    assert record["s3"]["bucket"] == {"name": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"}
    assert (record["eventName"], record["eventSource"]) == ("ObjectCreated:Put", "aws:s3")


def test_undo_leaves_eventbridge_on_where_another_rule_listens_by_then(world: World, tmp_path: Path) -> None:
    client("events").remove_targets(Rule="index-uploads", Ids=["index"])
    client("events").delete_rule(Name="index-uploads")
    plan, journal = world.plan("s3-events-switch", wish("overlap")), MemoryJournal()
    go(plan, world, journal, tmp_path)
    client("events").put_rule(Name="theirs", EventPattern=json.dumps({"source": ["aws.s3"]}))
    go(inverse_plan(plan, journal), world, MemoryJournal(), tmp_path)
    assert configuration()["EventBridgeConfiguration"] == {}
    assert [one["Id"] for one in configuration()["QueueConfigurations"]] == [SCANS]


def survive(world: World, path: Path, way: str, rounds: Callable[[int], list[Round]]) -> None:
    client("events").remove_targets(Rule="index-uploads", Ids=["index"])
    client("events").delete_rule(Name="index-uploads")
    start = look()
    for number, one in enumerate(rounds(len(world.plan("s3-events-switch", wish(way)).changes))):
        plan, journal = world.plan("s3-events-switch", wish(way)), MemoryJournal()
        with suppress(OpsctlError, Killed):
            go(plan, world, journal, path / str(number), Faulty(world.aws, one.fault, one.at))
        if one.resumed:
            go(plan, world, journal, path / str(number))
            assert SCANS not in str(configuration()), one
            assert ours()["State"] == "ENABLED", one
        go(inverse_plan(plan, journal), world, MemoryJournal(), path / str(number))
        assert look() == start, one


@pytest.mark.parametrize("way", ["overlap", "cutover"])
def test_resumed_it_reaches_the_end_and_undone_the_start_after_a_fault(
    world: World, tmp_path: Path, way: str
) -> None:
    survive(world, tmp_path, way, lambda calls: sampled(f"switch-{way}", calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("way", ["overlap", "cutover"])
def test_resumed_it_reaches_the_end_and_undone_the_start_whatever_call_fails(
    world: World, tmp_path: Path, way: str
) -> None:
    survive(world, tmp_path, way, every)
