"""Objects that came during a cutover are told of again: once each, in the form of the rule, whatever is lost."""

import json
from pathlib import Path

import pytest

from opsctl.events.jobs.s3_tell_again import S3TellAgain
from opsctl.events.s3_told_again import CameBetween, ToldAs
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.errors import AwsRefused, InvalidInput, OutcomeUnknown, RefusedByGuard
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from opsctl.sandbox.worlds.uploads import BUCKET
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import FakeClock, Killed, MemoryJournal, refusal
from tests.kit.uploads import make_bucket, queue_arn

WHEN = "2026-12-01T10:15:00Z"
OBJECTS = tuple(CameBetween(key=f"in/{name}.jpg", time=WHEN, size=3) for name in ("a b", "ü", "c"))
ABOUT = ToldAs(bucket="b", account="123456789012", region="eu-west-1")
QUEUE, TOPIC = "arn:aws:sqs:eu-west-1:123456789012:q", "arn:aws:sns:eu-west-1:123456789012:t"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"


def test_a_message_has_the_form_of_the_rule() -> None:
    event = json.loads(ABOUT.message(OBJECTS[0]))
    assert (event["detail-type"], event["detail"]["object"]["key"]) == ("Object Created", "in/a b.jpg")
    as_records = ABOUT.model_copy(update={"record_event": "ObjectCreated:Put"})
    (record,) = json.loads(as_records.message(OBJECTS[1]))["Records"]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Put", "in/%C3%BC.jpg")


class Sends:
    """Takes messages; what goes wrong at which call is told."""

    def __init__(self, **faults: BaseException) -> None:
        self.faults = {int(name[1:]): fault for name, fault in faults.items()}
        self.calls: list[tuple[str, Json]] = []

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Take one, or fail."""
        self.calls.append((f"{service}.{operation}", params))
        if fault := self.faults.pop(len(self.calls), None):
            raise fault
        return {}


def told(aws: Sends, path: Path, destination: str = QUEUE) -> JobResult:
    """Run the job, or go on with it."""
    job = S3TellAgain(told=ABOUT, objects=OBJECTS, destination=destination, queue_url="https://q")
    tools = Tools(
        aws=aws,  # type: ignore[arg-type] # it only sends
        queues=lambda _name: pytest.fail("no queue is asked"),
        checkpoint=JobCheckpoint(path / "job.log", 1000),
        clock=FakeClock(1_800_000_000.0),
        progress=lambda _line: None,
        stopping=lambda: False,
    )
    return job.run(tools)


@pytest.mark.parametrize(
    ("destination", "call"), [(QUEUE, "sqs.SendMessage"), (TOPIC, "sns.Publish"), (FUNCTION, "lambda.Invoke")]
)
def test_each_object_is_told_of_once(destination: str, call: str, tmp_path: Path) -> None:
    aws = Sends()
    result = told(aws, tmp_path, destination)
    assert [name for name, _ in aws.calls] == [call] * 3
    assert (result.complete, result.certain, result.says) == (True, True, "told of 3 of 3 objects again")
    assert told(aws, tmp_path, destination).complete
    assert len(aws.calls) == 3


def test_a_lost_answer_is_sent_again_and_said_to_be_doubtful(tmp_path: Path) -> None:
    busy = AwsRefused(refusal(RefusalKind.THROTTLED, "Throttling", "sqs.SendMessage"))
    aws = Sends(n1=busy, n3=OutcomeUnknown("lost"))
    result = told(aws, tmp_path)
    assert len(aws.calls) == 5
    assert (result.complete, result.certain, result.details["doubtful"]) == (True, False, ["in/ü.jpg"])


def test_a_process_that_died_goes_on_and_names_what_may_have_gone_twice(tmp_path: Path) -> None:
    aws = Sends(n2=Killed())
    with pytest.raises(Killed):
        told(aws, tmp_path)
    result = told(aws, tmp_path)
    assert len(aws.calls) == 4
    assert result.details["doubtful"] == ["in/ü.jpg"]


def listed(world: World, **more: Json) -> str:
    """What the run of a cutover kept."""
    objects = [one.model_dump() for one in OBJECTS]
    return json.dumps({"objects": objects, "destination": queue_arn(world, "upload-scans")} | more)


def test_the_consumer_gets_the_objects_that_were_named_and_no_other(tmp_path: Path) -> None:
    with fresh_world(make_bucket) as world:
        wish = {"bucket": BUCKET, "listed": listed(world)}
        with pytest.raises(RefusedByGuard, match="which"):
            world.plan("s3-events-resend", wish)
        for bad in ({"keys": ["other"]}, {"listed": "{}"}, {"listed": '{"objects": 3}'}):
            with pytest.raises(InvalidInput):
                world.plan("s3-events-resend", wish | bad)
        url = client("sqs").get_queue_url(QueueName="upload-scans")["QueueUrl"]
        client("sqs").purge_queue(QueueUrl=url)
        carry_out(world.plan("s3-events-resend", wish | {"keys": ["in/c.jpg"]}), world, MemoryJournal(), tmp_path)
        got = [one for _ in range(6) for one in client("sqs").receive_message(QueueUrl=url).get("Messages") or []]
        assert [json.loads(one["Body"])["detail"]["object"]["key"] for one in got] == ["in/c.jpg"]
        gone = listed(world, destination=queue_arn(world, "nobody"))
        with pytest.raises(RefusedByGuard, match="gone"):
            world.plan("s3-events-resend", wish | {"listed": gone, "all": True})
