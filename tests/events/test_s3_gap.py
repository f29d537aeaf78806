"""What the list after a cutover has, and that it says where it ends."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsctl.events.jobs import s3_gap
from opsctl.events.jobs.s3_gap import S3Gap
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.jobs import Tools
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json
from opsctl.resources.jobs.time_pause import TimePause
from tests.kit.ports import FakeClock

PUT_AT = 1_800_000_000.0


class Listing:
    """A bucket of so many keys, ten a page, one written in each minute around the cutover."""

    def __init__(self, keys: int) -> None:
        self.keys, self.asked = keys, 0

    def read(self, read: Read) -> Answer:
        self.asked += 1
        assert read.params["ExpectedBucketOwner"] == "123456789012"
        start = int(read.params.get("ContinuationToken", 0))
        numbers = range(start, min(start + 10, self.keys))
        answer: Json = {"Contents": [self.one(number) for number in numbers]}
        return Answer(
            value=answer | ({"NextContinuationToken": str(start + 10)} if start + 10 < self.keys else {})
        )

    def one(self, number: int) -> Json:
        when = datetime.fromtimestamp(PUT_AT + 60 * (number - 5) + 1, UTC).isoformat()
        return {"Key": f"in/{number:03d}.jpg", "LastModified": when, "Size": number, "ETag": '"abc"'}


def tools(bucket: Listing, clock: FakeClock, path: Path, *, stopped: bool = False) -> Tools:
    return Tools(
        aws=bucket,  # type: ignore[arg-type] # it only lists
        queues=lambda _name: pytest.fail("no queue is asked"),
        checkpoint=JobCheckpoint(path / "job.log", 1000),
        clock=clock,
        progress=lambda _line: None,
        stopping=lambda: stopped,
        called_at=lambda _api: PUT_AT,
    )


def job(**more: Json) -> S3Gap:
    about = {
        "bucket": "b",
        "partition": "aws",
        "account": "123456789012",
        "region": "eu-west-1",
        "prefix": "in/",
        "wait_s": 300,
    }
    return S3Gap.model_validate(about | more)


def test_it_lists_what_came_since_shortly_before_the_cutover_until_s3_follows(tmp_path: Path) -> None:
    clock = FakeClock(PUT_AT + 2)
    result = job(suffix=".jpg", destination="arn:aws:sqs:eu-west-1:123456789012:q", mark="run-1").run(
        tools(Listing(30), clock, tmp_path)
    )
    assert clock.now() >= PUT_AT + 300
    # One a minute: the one of the minute before, and those of the five after.
    assert [one["key"] for one in result.details["objects"]] == [f"in/{number:03d}.jpg" for number in range(4, 10)]
    assert result.complete
    assert "6 objects" in result.says
    assert result.details["cut"] is False
    assert "opsctl s3-events resend b --run run-1 --key KEY" in result.says


def test_it_says_where_keys_are_left_that_were_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_gap, "PAGES_AT_MOST", 2)
    bucket = Listing(30)
    result = job(wait_s=0).run(tools(bucket, FakeClock(PUT_AT), tmp_path))
    assert bucket.asked == 2
    assert result.details["cut"] is True
    assert "not looked at" in result.says


def test_stopped_it_is_not_complete_and_gone_on_with_it_begins_at_the_same_moment(tmp_path: Path) -> None:
    clock = FakeClock(PUT_AT + 2)
    assert not job().run(tools(Listing(1), clock, tmp_path, stopped=True)).complete
    assert clock.now() == PUT_AT + 2
    assert job().run(tools(Listing(30), clock, tmp_path)).details["found"] == 6


def test_a_stop_says_how_long_was_left(tmp_path: Path) -> None:
    result = job().run(tools(Listing(0), FakeClock(PUT_AT + 30), tmp_path, stopped=True))
    assert result.says == "4m 30s were left to wait"


def test_a_pause_waits_for_what_is_left_of_it(tmp_path: Path) -> None:
    clock, pause = FakeClock(PUT_AT), TimePause(seconds=300, what="S3 follows")
    assert not pause.run(tools(Listing(0), clock, tmp_path, stopped=True)).complete
    clock.sleep(200)
    assert pause.run(tools(Listing(0), clock, tmp_path)).complete
    assert clock.now() == pytest.approx(PUT_AT + 300)
