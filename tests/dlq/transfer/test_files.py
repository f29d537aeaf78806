"""Messages in files: complete, readable again, and refused when they are something else."""

import gzip
import json
import resource
from pathlib import Path

import pytest

from opsctl.dlq.facts.dlq_file import DlqFile
from opsctl.dlq.jobs.dlq_import import DlqImport, digest_of
from opsctl.dlq.jobs.dlq_purge import DlqPurge
from opsctl.dlq.transfer.backup import BackupFile, read_records
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.errors import Drifted, InvalidInput, OpsctlError
from opsctl.model.jobs import JobResult
from opsctl.model.value import Json
from tests.kit.canned import ABOUT, drive
from tests.kit.memory_sqs import Faults, MemorySqs, url_of
from tests.kit.moves import move, tools_for
from tests.kit.ports import FakeClock, Killed


def made(count: int, suffix: str = "", faults: Faults | None = None) -> MemorySqs:
    sqs = MemorySqs(FakeClock(), faults)
    sqs.make(f"dead{suffix}")
    attributes = {"b": {"DataType": "Binary", "BinaryValue": "AAEC"}}
    for number in range(count):
        entry: Json = {"Id": "a", "MessageBody": f"é\n{number}", "MessageAttributes": attributes}
        if suffix:
            entry |= {"MessageGroupId": f"g{number % 2}", "MessageDeduplicationId": f"d{number}"}
        sqs.call("SendMessageBatch", {"QueueUrl": f"/dead{suffix}", "Entries": [entry]})
    sqs.clock.sleep(2)
    return sqs


def purge(sqs: MemorySqs, path: Path, file: Path, suffix: str = "") -> JobResult:
    job = DlqPurge(queue_name="dead", queue_url=url_of(f"dead{suffix}"), region="us-east-1", path=str(file))
    return job.run(tools_for(sqs, path / "purge.log"))


def put_back(sqs: MemorySqs, path: Path, file: Path, suffix: str = "", mark: str = "run-1") -> JobResult:
    job = DlqImport(
        path=str(file),
        sha256=digest_of(file),
        count=len(list(read_records(file))),
        queue_name="dead",
        queue_url=url_of(f"dead{suffix}"),
        region="us-east-1",
        mark=mark,
    )
    return job.run(tools_for(sqs, path / "import.log"))


@pytest.mark.parametrize("suffix", ["", ".fifo"])
@pytest.mark.parametrize("name", ["m.jsonl", "m.jsonl.gz"])
def test_what_was_purged_can_be_put_back_with_everything_it_had(tmp_path: Path, name: str, suffix: str) -> None:
    sqs, file = made(45, suffix), tmp_path / name
    before = [
        (m.body, m.attributes, m.system.get("MessageGroupId"))
        for m in sqs.queues[f"dead{suffix}"].messages.values()
    ]
    assert purge(sqs, tmp_path, file, suffix).details["moved"] == 45
    assert sqs.queues[f"dead{suffix}"].messages == {}
    assert put_back(sqs, tmp_path, file, suffix).complete
    after = [
        (m.body, m.attributes, m.system.get("MessageGroupId"))
        for m in sqs.queues[f"dead{suffix}"].messages.values()
    ]
    assert sorted(map(str, after)) == sorted(map(str, before))


def test_a_purge_that_was_killed_loses_nothing_and_the_file_is_read_once(tmp_path: Path) -> None:
    sqs, file = made(40), tmp_path / "m.jsonl"
    calls = iter(range(100))

    def kill(operation: str, _params: dict[str, Json]) -> None:
        if operation == "DeleteMessageBatch" and next(calls) == 2:
            raise Killed

    sqs.faults.before = kill
    with pytest.raises(Killed):
        purge(sqs, tmp_path, file)
    assert purge(sqs, tmp_path, file).complete
    assert len({message["MessageId"] for _, message in read_records(file)}) == 40
    assert len(list(read_records(file))) == 40


def test_an_import_goes_on_after_the_last_confirmed_line_and_names_what_may_be_twice(tmp_path: Path) -> None:
    sqs, file = made(400), tmp_path / "m.jsonl"
    purge(sqs, tmp_path, file)
    calls = iter(range(1000))

    def kill(operation: str, _params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch" and next(calls) == 20:
            raise Killed

    sqs.faults.before = kill
    with pytest.raises(Killed):
        put_back(sqs, tmp_path, file)
    result = put_back(sqs, tmp_path, file)
    bodies = sqs.queues["dead"].bodies()
    assert len(set(bodies)) == 400
    assert len(bodies) - 400 <= len(result.details["may_be_twice"]) <= 160


def test_a_source_queue_kept_in_an_attribute_is_put_back_too_unless_it_is_just_that_queue(tmp_path: Path) -> None:
    sqs, file = MemorySqs(FakeClock()), tmp_path / "m.jsonl"
    sqs.make("dead")
    for number, source in enumerate(("dead", "orders")):
        kept = {"opsctl-origin": {"DataType": "String", "StringValue": sqs.arn(source)}}
        entry = {"Id": "a", "MessageBody": str(number), "MessageAttributes": kept}
        sqs.call("SendMessageBatch", {"QueueUrl": url_of("dead"), "Entries": [entry]})
    sqs.clock.sleep(2)
    purge(sqs, tmp_path, file)
    assert put_back(sqs, tmp_path, file).complete
    assert [list(one.attributes) for one in sqs.queues["dead"].messages.values()] == [[], ["opsctl-origin"]]


def test_a_file_that_changed_after_planning_is_not_sent(tmp_path: Path) -> None:
    sqs, file = made(3), tmp_path / "m.jsonl"
    purge(sqs, tmp_path, file)
    job = DlqImport(
        path=str(file), sha256="0", count=3, queue_name="d", queue_url=url_of("dead"), region="r", mark=""
    )
    with pytest.raises(Drifted, match="was changed"):
        job.run(tools_for(sqs, tmp_path / "i.log"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ('{"format": "other"}', "no message"),
        ('{"format": "opsctl.message/v1", "id": "1", "body": 5}', "body and id must be text"),
        ('{"format": "opsctl.message/v1", "id": "1", "body": "x", "system": []}', "system must be an object"),
    ],
)
def test_a_line_that_is_no_message_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "m.jsonl"
    file.write_text(text + "\n")
    with pytest.raises(InvalidInput, match=says):
        list(read_records(file))


def test_a_cut_packed_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl.gz"
    file.write_bytes(gzip.compress(b"x" * 1000)[:-9])
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(read_records(file))


def test_a_backup_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    BackupFile(str(tmp_path / "b.jsonl")).close()
    assert (tmp_path / "b.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("authorized_keys", b"ssh-ed25519 AAAA\n"),
        ("a.json", b"{}\n"),
        ("a.jsonl.gz", b"no gzip"),
        ("b.jsonl.gz", gzip.compress(b"notes\n")),
    ],
    ids=["keys", "JSON", "no gzip", "notes in gzip"],
)
def test_messages_are_never_appended_to_a_file_of_something_else(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OpsctlError, match="something other than messages"):
        BackupFile(str(tmp_path / name))
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_backup_is_gone_on_with(tmp_path: Path, name: str) -> None:
    for number in range(3):
        file = BackupFile(str(tmp_path / name))
        file.keep([{"MessageId": str(number), "Body": "x"}])
        file.close()
    assert len(list(read_records(tmp_path / name))) == 3


def test_a_file_keeps_system_attributes_for_whoever_reads_it(tmp_path: Path) -> None:
    sqs, file = made(1), tmp_path / "m.jsonl"
    purge(sqs, tmp_path, file)
    record = json.loads(file.read_text())
    assert record["system"]["ApproximateReceiveCount"] == "1"
    assert record["attributes"]["b"] == {"DataType": "Binary", "BinaryValue": "AAEC"}


GOOD = json.dumps({"format": "opsctl.message/v1", "id": "m", "body": "x"})


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (f"{GOOD}\n{{broken\n".encode(), 2, "not JSON"),
        (f"{GOOD}\n[1]\n".encode(), 2, "the format is not"),
        (GOOD.encode() + b"\n\xff\xfe\n", 0, "not UTF-8"),
        (GOOD.removesuffix("}").encode() + b', "attributes": {"a": "x"}}\n', 1, "attribute a is not"),
        (
            GOOD.removesuffix("}").encode()
            + b', "attributes": {"a": {"DataType": "Binary", "StringValue": ""}}}\n',
            1,
            "attribute a is not",
        ),
    ],
)
def test_a_damaged_file_says_which_line_and_why(tmp_path: Path, content: bytes, line: int, says: str) -> None:
    file = tmp_path / "m.jsonl"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=says) as caught:
        list(read_records(file))
    (fault,) = caught.value.diagnostics
    assert fault.where.source == str(file)
    assert fault.where.line == line or not line


def test_a_packed_file_that_was_cut_says_so(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl.gz"
    file.write_bytes(gzip.compress(f"{GOOD}\n".encode() * 1000)[:-20])
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(read_records(file))


def test_a_file_is_read_before_anything_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl"
    file.write_text("{")
    with pytest.raises(InvalidInput, match="not JSON"):
        drive(DlqFile(path=str(file), queue="orders").read(ABOUT), {})


def test_a_disk_that_is_full_ends_the_move_before_anything_is_sent_and_hides_nothing(tmp_path: Path) -> None:
    sqs = made(20)
    sqs.make("home")

    class Full:
        def keep(self, messages: list[Json]) -> None:
            raise OSError(28, "No space left on device", "kept.jsonl")

    result = move(sqs, tmp_path, "dead", "home", keeper=Full())
    assert "kept.jsonl cannot be written on this machine: No space left" in result.says
    assert (len(sqs.queues["dead"].messages), len(sqs.queues["home"].messages)) == (20, 0)
    assert all(one.visible_at <= sqs.clock.now() for one in sqs.queues["dead"].messages.values())


def test_a_journal_that_is_full_hides_none_of_what_was_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = made(20, ".fifo")
    sqs.make("home.fifo")

    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(JobCheckpoint, "intend", full)
    assert "No space left" in move(sqs, tmp_path, "dead.fifo", "home.fifo").says
    assert not sqs.queues["home.fifo"].messages
    assert all(one.visible_at <= sqs.clock.now() for one in sqs.queues["dead.fifo"].messages.values())


@pytest.mark.parametrize("name", ["m.jsonl", "m.jsonl.gz"])
def test_a_disk_that_takes_half_of_a_write_is_a_failure_and_the_half_is_not_left(
    tmp_path: Path, name: str
) -> None:
    message = {"MessageId": "m-1", "Body": "b" * 5000, "ReceiptHandle": "r"}
    file, limits = BackupFile(str(tmp_path / name)), resource.getrlimit(resource.RLIMIT_FSIZE)
    file.keep([message])
    half = (tmp_path / name).stat().st_size * 3 // 2
    resource.setrlimit(resource.RLIMIT_FSIZE, (half, limits[1]))
    try:
        with pytest.raises(OSError, match=r"File too large.*m\.jsonl"):
            file.keep([message | {"MessageId": "m-2"}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    file.keep([message | {"MessageId": "m-3"}])
    assert [one["MessageId"] for _, one in read_records(tmp_path / name)] == ["m-1", "m-3"]
