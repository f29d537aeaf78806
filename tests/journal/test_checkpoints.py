"""The checkpoint of a job: what it holds after any end of the process, and how big it gets."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsctl.dlq.transfer.tally import copies_of
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.journal.mapped_log import MappedLog
from opsctl.model.errors import InvalidInput
from opsctl.model.jobs import BatchState

HELD = [("m-1", "handle-1"), ("m-2", "handle-2")]


def state(path: Path) -> tuple[list[tuple[int, BatchState, list[str]]], int, list[str]]:
    """What a new process finds: open batches, messages moved, doubtful ids."""
    found = JobCheckpoint(path)
    batches = [(one.number, one.state, [held.id for held in one.messages]) for one in found.open_batches()]
    return batches, found.moved(), found.doubtful()


def test_each_step_of_a_batch_is_found_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    first = JobCheckpoint(path)
    number = first.intend(HELD, 5.0)
    assert state(path) == ([(number, "intended", ["m-1", "m-2"])], 0, [])
    second = JobCheckpoint(path)
    second.confirm(number, HELD[:1])
    assert state(path) == ([(number, "sent", ["m-1"])], 0, [])
    third = JobCheckpoint(path)
    third.close(number, 1)
    third.doubt(["m-2"])
    third.remember("canary", "passed")
    assert state(path) == ([], 1, ["m-2"])
    assert JobCheckpoint(path).recall("canary") == "passed"


def test_a_batch_confirmed_whole_keeps_its_receipt_handles(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    first = JobCheckpoint(path)
    first.confirm(first.intend(HELD, 5.0), HELD)
    (batch,) = JobCheckpoint(path).open_batches()
    assert [(one.id, one.handle) for one in batch.messages] == HELD


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    number = JobCheckpoint(path).intend(HELD, 5.0)
    assert JobCheckpoint(path).intend(HELD, 6.0) > number


def test_a_message_in_doubt_twice_may_be_there_three_times_as_the_next_processes_know_too(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    JobCheckpoint(path).doubt(["m-0", "m-1"])
    JobCheckpoint(path).doubt(["m-0"])
    assert copies_of(JobCheckpoint(path).doubtful()) == {"m-0": 3, "m-1": 2}


@pytest.mark.parametrize("cut", range(2, 60, 7))
def test_a_record_cut_short_is_as_if_never_written(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "job.log"
    first = JobCheckpoint(path)
    first.doubt(["m-0"])
    before = path.read_bytes().rstrip(b"\0")
    first.intend(HELD, 5.0)
    whole = path.read_bytes().rstrip(b"\0")
    assert cut < len(whole) - len(before)
    path.write_bytes(whole[:-cut].ljust(len(whole) + 100, b"\0"))
    assert state(path) == ([], 0, ["m-0"])
    # A copy in memory may also be interrupted with its end in place and its beginning not.
    path.write_bytes(before + bytes(cut) + whole[len(before) + cut :])
    assert state(path) == ([], 0, ["m-0"])


def test_a_checkpoint_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    JobCheckpoint(path).doubt(["m-0"])
    path.write_bytes(b'nonsense\n["closed",0,1]\n')
    with pytest.raises(InvalidInput, match="cannot be used"):
        JobCheckpoint(path)


def test_the_file_stays_small_however_many_messages_pass(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    space = 20_000
    first = JobCheckpoint(path, space)
    held = [(f"m-{n}", "h" * 300) for n in range(10)]
    largest = 0
    for _ in range(500):
        open_number = first.intend(held, 5.0)
        number = first.intend(held, 5.0)
        first.confirm(number, held)
        first.close(number, 10)
        first.close(open_number, 0)
        largest = max(largest, path.stat().st_size)
    assert largest <= space + 2 * 3500
    assert state(path) == ([], 5000, [])
    assert [one.name for one in tmp_path.iterdir()] == ["job.log"]


def test_what_was_sent_and_not_deleted_is_known_until_it_is_and_costs_a_record_each(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    first = JobCheckpoint(path, 1_000_000)
    for number in range(1000):
        first.undeleted([f"m-{number}"])
    assert len(path.read_bytes().rstrip(b"\0")) < 40 * 1000, "each record names its own messages alone"
    first.deleted(["m-0", "m-1", "never-seen"])
    second = JobCheckpoint(path, 200)
    assert second.all_undeleted() == [f"m-{number}" for number in range(2, 1000)]
    second.deleted(second.all_undeleted())
    assert JobCheckpoint(path).all_undeleted() == []


def test_under_which_ids_the_first_ones_arrived_is_known_after_each_restart(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    first = JobCheckpoint(path)
    first.arrived(["new-1", "new-2"])
    first.arrived([])
    JobCheckpoint(path).arrived(["new-3"])
    assert JobCheckpoint(path).all_arrived() == ["new-1", "new-2", "new-3"]


def test_a_record_larger_than_the_room_is_written_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    JobCheckpoint(path, 100).remember("sent", ["x" * 500])
    assert JobCheckpoint(path).recall("sent") == ["x" * 500]


def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    JobCheckpoint(tmp_path / "jobs" / "job.log")
    assert (tmp_path / "jobs" / "job.log").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "jobs").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mapped", [True, False])
def test_what_was_appended_outlives_a_kill(tmp_path: Path, mapped: bool) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from opsctl.journal.mapped_log import MappedLog\n"
        f"log = MappedLog(Path(sys.argv[1]), b'a', 10, mapped={mapped})\n"
        "assert log.append(b'bcd'); assert log.append(b'ef'); assert not log.append(b'ghijkl')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    path = tmp_path / "log"
    ended = subprocess.run([sys.executable, "-c", script, path], env=os.environ.copy(), check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"abcdef" + bytes(5)


def test_a_disk_without_room_is_told_before_anything_is_mapped(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            MappedLog(tmp_path / "log", b"a", 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)


def test_a_log_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    records = [["closed", 0, 7], ["intended", 1, 5.0, HELD], ["sent", 1, HELD[:1]], ["doubt", ["m-9"]]]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert state(path) == ([(1, "sent", ["m-1"])], 7, ["m-9"])


def test_a_part_has_a_checkpoint_of_its_own_that_the_next_process_finds(tmp_path: Path) -> None:
    whole = JobCheckpoint(tmp_path / "job.log")
    part = whole.part("parked")
    part.close(part.intend([("a", "h")], 1.0), 1)
    part.remember("stayed", 3)
    assert (whole.moved(), whole.recall("stayed")) == (0, None)
    again = JobCheckpoint(tmp_path / "job.log")
    assert (again.part("parked").moved(), again.part("parked").recall("stayed")) == (1, 3)
    assert again.part("back").moved() == 0
