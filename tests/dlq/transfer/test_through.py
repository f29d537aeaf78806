"""A filter over a FIFO queue by way of a park: order kept, nothing lost, whatever fails."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opsctl.model.jobs import JobResult
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from tests.kit.memory_sqs import Faults, MemorySqs, refused
from tests.kit.ports import Killed
from tests.kit.throughs import DEAD, HOME, PARKED, bring_back, every, killing, made, numbers, places, through

COUNT, FEW = 24, 8
WANTED, REST = places(COUNT)
ALL = {name: sorted(WANTED[name] + REST[name]) for name in WANTED}


def test_what_is_meant_goes_home_and_the_rest_comes_back_in_its_order(tmp_path: Path) -> None:
    sqs = made(COUNT)
    result = through(sqs, tmp_path)
    assert (result.complete, result.certain) == (True, True)
    assert numbers(sqs, HOME) == WANTED
    assert numbers(sqs, DEAD) == REST
    assert PARKED not in sqs.queues
    assert (result.details["moved"], result.details["left_by_filter"]) == (12, 12)
    assert result.details["parked"]["brought_back"] == 12
    assert result.says == "12 moved, 12 not matched by the filter; 12 are back in dead.fifo, in order"


def origins(sqs: MemorySqs, name: str) -> list[str]:
    """What the attribute says of the source queue of each message of a queue; empty where it is not there."""
    messages = sqs.queues[name].messages.values()
    return [str((one.attributes.get("opsctl-origin") or {}).get("StringValue", "")) for one in messages]


def test_what_comes_back_says_in_an_attribute_where_it_failed_and_what_goes_home_does_not(tmp_path: Path) -> None:
    sqs = made(FEW, source="home.fifo")
    assert through(sqs, tmp_path).complete
    assert {*origins(sqs, DEAD)} == {sqs.arn("home.fifo")}
    assert not any(origins(sqs, HOME))
    assert all(not one.system.get("DeadLetterQueueSourceArn") for one in sqs.queues[DEAD].messages.values())
    sqs.make(PARKED, VisibilityTimeout="30")
    again = through(sqs, tmp_path / "again", where="!(body.wanted) && origin == '" + sqs.arn("home.fifo") + "'")
    assert (again.complete, again.details["stayed"]) == (True, 0)
    assert sqs.queues[DEAD].messages == {}
    assert not any(origins(sqs, HOME))


def test_a_message_without_room_for_the_attribute_is_parked_as_it_is(tmp_path: Path) -> None:
    sqs = made(FEW, source="home.fifo")
    full = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(10)}
    large, *_ = sqs.queues[DEAD].messages.values()
    large.body = json.dumps({"n": 0, "wanted": False, "pad": "x" * 1_048_500})
    for one in [*sqs.queues[DEAD].messages.values()][1:]:
        one.attributes = dict(full)
    assert through(sqs, tmp_path).complete
    assert not any(origins(sqs, DEAD))
    assert numbers(sqs, DEAD) == places(FEW)[1]


def judged(sqs: MemorySqs, count: int = COUNT) -> None:
    """Each message is in exactly one place, and each place has its groups in order."""
    for name in (HOME, DEAD):
        assert all(several == sorted(several) for several in numbers(sqs, name).values()), name
    assert sorted(every(numbers(sqs, HOME)) + every(numbers(sqs, DEAD))) == list(range(count))
    assert PARKED not in sqs.queues


def killed_everywhere(
    tmp_path: Path, *, after: bool, make: Callable[[], MemorySqs] = lambda: made(FEW, groups=2), limit: int = -1
) -> Iterator[tuple[MemorySqs, Path]]:
    """A world for each call of a whole run, in which the process ended at that call."""
    for at in range(1000):
        sqs, path = make(), tmp_path / str(at)
        restore = killing(sqs, at, after=after)
        try:
            through(sqs, path, limit=limit)
        except Killed:
            restore()
            yield sqs, path
        else:
            assert at > 20
            return
    raise AssertionError("it never came to an end")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_a_resume_ends_as_if_nothing_had_happened(tmp_path: Path, after: bool) -> None:
    for sqs, path in killed_everywhere(tmp_path, after=after):
        result = through(sqs, path)
        assert (result.complete, result.certain) == (True, True), (path.name, result.says)
        assert (numbers(sqs, HOME), numbers(sqs, DEAD)) == places(FEW, groups=2), path.name
        assert PARKED not in sqs.queues


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_an_undo_brings_everything_back_that_was_not_sent(tmp_path: Path, after: bool) -> None:
    for sqs, path in killed_everywhere(tmp_path, after=after):
        result = bring_back(sqs, path)
        assert result.complete, (path.name, result.says)
        named = set(result.details.get("may_be_twice", ()))
        assert result.certain == (not named)
        twice = set(every(numbers(sqs, HOME))) & set(every(numbers(sqs, DEAD)))
        assert len(twice) <= len(named), path.name
        assert sorted({*every(numbers(sqs, HOME)), *every(numbers(sqs, DEAD))}) == list(range(FEW))
        assert all(several == sorted(several) for several in numbers(sqs, DEAD).values()), path.name
        assert PARKED not in sqs.queues


def test_resumed_after_five_minutes_what_may_be_twice_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    for sqs, path in killed_everywhere(tmp_path, after=True):
        sqs.clock.sleep(400)
        result = through(sqs, path)
        assert result.complete, (path.name, result.says)
        found = every(numbers(sqs, HOME)) + every(numbers(sqs, DEAD))
        assert sorted(set(found)) == list(range(FEW))
        assert len(found) - FEW <= len(result.details["may_be_twice"])
        assert PARKED not in sqs.queues


def test_answers_that_are_lost_and_refusals_that_pass_cost_nothing(tmp_path: Path) -> None:
    sqs = made(
        COUNT,
        faults=Faults(
            send_entry=0.1,
            delete_entry=0.1,
            throttled=0.05,
            lost={"SendMessageBatch": 0.1, "DeleteMessageBatch": 0.1, "ReceiveMessage": 0.1},
        ),
    )
    result = through(sqs, tmp_path)
    assert (result.complete, result.certain) == (True, True)
    judged(sqs)


def test_a_park_whose_deletion_is_throttled_is_deleted_a_moment_later(tmp_path: Path) -> None:
    sqs, refusals = made(FEW), iter([True] * 3)
    inner = sqs.call

    def call(name: str, params: dict[str, Json]) -> dict[str, Json]:
        if name == "DeleteQueue" and next(refusals, False):
            raise refused(name, "RequestThrottled", RefusalKind.THROTTLED)
        return inner(name, params)

    sqs.call = call  # type: ignore[method-assign,assignment]
    assert through(sqs, tmp_path).complete
    assert PARKED not in sqs.queues


def test_a_message_that_its_home_refuses_is_brought_back_in_its_place_and_stops_its_group(tmp_path: Path) -> None:
    sqs = made(COUNT)
    bad = next(one for one in sqs.queues[DEAD].messages.values() if '"n": 9,' in one.body)
    sqs.queues[HOME].attributes["MaximumMessageSize"] = "60"
    bad.body = bad.body[:-1] + f', "long": "{"x" * 60}"}}'
    result = through(sqs, tmp_path)
    assert numbers(sqs, HOME) == WANTED | {"g0": [3]}
    assert numbers(sqs, DEAD) == REST | {"g0": [0, 6, 9, 12, 15, 18, 21]}
    assert not result.complete
    assert [one["code"] for one in result.details["stayed_messages"]] == [
        "InvalidParameterValue",
        "GroupStopped",
        "GroupStopped",
    ]
    assert "plan again" in result.hint
    assert PARKED not in sqs.queues


def test_a_message_that_arrives_altered_is_not_overtaken_in_its_group_and_the_next_process_moves_it(
    tmp_path: Path,
) -> None:
    sqs, inner, altered = made(COUNT), MemorySqs.call, '"n": 3,'

    def call(name: str, params: dict[str, Json]) -> dict[str, Json]:
        answer = inner(sqs, name, params)
        for one in answer.get("Messages", ()):
            one["MD5OfBody"] = "" if altered in one["Body"] else one["MD5OfBody"]
        return answer

    sqs.call = call  # type: ignore[method-assign,assignment]
    result = through(sqs, tmp_path)
    assert not result.complete
    assert result.details["stayed_messages"][0]["code"] == "DigestDiffers"
    assert numbers(sqs, HOME) == {"g1": WANTED["g1"], "g2": WANTED["g2"]}
    assert numbers(sqs, DEAD) == {"g0": ALL["g0"][1:]}
    altered = "nothing"
    assert through(sqs, tmp_path).complete
    assert (numbers(sqs, HOME), numbers(sqs, DEAD)) == (WANTED, REST)


def test_a_group_that_was_stopped_stays_so_for_the_next_process(tmp_path: Path) -> None:
    sqs, after = made(COUNT), iter([False] * 3)
    sqs.queues[HOME].attributes["MaximumMessageSize"] = "60"
    first = next(one for one in sqs.queues[DEAD].messages.values() if '"n": 3,' in one.body)
    first.body = first.body[:-1] + f', "long": "{"x" * 60}"}}'
    through(sqs, tmp_path, stopping=lambda: len(sqs.queues[PARKED].messages) >= 1 and next(after, True))
    sqs.queues[HOME].attributes.pop("MaximumMessageSize")
    result = through(sqs, tmp_path)
    assert numbers(sqs, HOME) == {"g1": WANTED["g1"], "g2": WANTED["g2"]}
    assert numbers(sqs, DEAD) == REST | {"g0": ALL["g0"]}
    assert result.details["stayed"] == 4


def one_too_long() -> MemorySqs:
    """Four of eight are meant; the first is too long for its home, and one of the others lies behind it."""
    sqs = made(FEW, groups=2)
    sqs.queues[HOME].attributes["MaximumMessageSize"] = "60"
    bad = next(one for one in sqs.queues[DEAD].messages.values() if '"n": 2,' in one.body)
    bad.body = bad.body[:-1] + f', "long": "{"x" * 60}"}}'
    return sqs


def counted_once(result: JobResult, path: Path) -> None:
    assert (result.details["stayed"], result.details["left_by_filter"]) == (2, 4), (path.name, result.says)
    assert [one["code"] for one in result.details["stayed_messages"]] == ["InvalidParameterValue", "GroupStopped"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_what_stayed_is_counted_and_named_once(tmp_path: Path, after: bool) -> None:
    for sqs, path in killed_everywhere(tmp_path, after=after, make=one_too_long):
        result = through(sqs, path)
        counted_once(result, path)
        assert numbers(sqs, DEAD) == {"g0": [0, 2, 4, 6], "g1": [1, 5]}, path.name


@pytest.mark.parametrize("queue", [HOME, PARKED], ids=["home", "park"])
def test_what_was_only_held_aside_when_a_queue_closed_is_counted_once_it_is_parked(
    tmp_path: Path, queue: str
) -> None:
    for at in range(12):
        sqs, path, calls = one_too_long(), tmp_path / str(at), iter(range(1000))

        def closed(operation: str, params: dict[str, Json], calls: Iterator[int] = calls, at: int = at) -> None:
            sends = operation == "SendMessageBatch" and str(params["QueueUrl"]).endswith(f"/{queue}")
            if sends and next(calls) >= at:
                raise refused(operation, "AccessDenied", RefusalKind.DENIED)

        sqs.faults.before = closed
        stopped = through(sqs, path)
        named = [one["id"] for one in stopped.details["stayed_messages"]]
        assert len(set(named)) == len(named) == stopped.details["stayed"], (at, stopped.says)
        sqs.faults.before = None
        result = through(sqs, path)
        counted_once(result, path)
        assert every(numbers(sqs, HOME)) + every(numbers(sqs, DEAD)) == [3, 7, 0, 1, 2, 4, 5, 6]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_limit_counts_what_its_home_refused_also_after_a_kill(tmp_path: Path, after: bool) -> None:
    for sqs, path in killed_everywhere(tmp_path, after=after, make=one_too_long, limit=2):
        result = through(sqs, path, limit=2)
        assert numbers(sqs, HOME) == {"g1": [3]}, (path.name, result.says)
        assert (result.details["moved"], result.details["stayed"]) == (1, 1), (path.name, result.says)


def test_a_home_that_is_gone_stops_the_move_and_an_undo_puts_everything_back_in_order(tmp_path: Path) -> None:
    sqs = made(COUNT)
    del sqs.queues[HOME]
    result = through(sqs, tmp_path)
    assert not result.complete
    assert "QueueDoesNotExist" in result.says
    assert "opsctl undo run-1" in result.hint
    assert bring_back(sqs, tmp_path).complete
    assert numbers(sqs, DEAD) == ALL
    assert PARKED not in sqs.queues


def test_a_limit_takes_the_rest_out_and_back_too_so_that_the_order_is_kept(tmp_path: Path) -> None:
    sqs = made(COUNT)
    result = through(sqs, tmp_path, limit=5)
    assert (result.complete, result.details["moved"]) == (True, 5)
    judged(sqs)


@pytest.mark.parametrize("end", [through, bring_back])
def test_interrupted_the_result_says_where_messages_are_and_a_resume_or_an_undo_ends_it(
    tmp_path: Path, end: Callable[..., JobResult]
) -> None:
    sqs = made(COUNT)
    result = through(sqs, tmp_path, stopping=lambda: len(sqs.queues[PARKED].messages) >= 6)
    assert not result.complete
    assert f"are parked in {PARKED}" in result.says
    assert result.details["parked"]["now"] == len(sqs.queues[PARKED].messages) >= 6
    assert end(sqs, tmp_path).complete
    judged(sqs)
    assert end is bring_back or numbers(sqs, HOME) == WANTED


def arriving(sqs: MemorySqs, count: int, group: str = "g0") -> None:
    """Let so many arrive in a group when the first are sent."""
    once = iter([True])

    def arrive(operation: str, _params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch" and next(once, False):
            sqs.clock.sleep(3)
            sqs.put(DEAD, *(json.dumps({"n": n, "wanted": True}) for n in range(100, 100 + count)), group=group)

    sqs.faults.before = arrive


def test_what_arrives_meanwhile_stays_and_is_not_lost(tmp_path: Path) -> None:
    sqs = made(COUNT)
    arriving(sqs, 1)
    result = through(sqs, tmp_path)
    assert result.complete
    assert numbers(sqs, DEAD) == REST | {"g0": [100, *REST["g0"]]}
    assert result.details["arrived_meanwhile"] == 1


def test_a_group_in_which_many_arrive_meanwhile_does_not_keep_what_is_parked(tmp_path: Path) -> None:
    sqs = made(COUNT)
    arriving(sqs, 25)
    result = through(sqs, tmp_path)
    assert result.complete, result.says
    assert numbers(sqs, DEAD) == REST | {"g0": [*range(100, 125), *REST["g0"]]}
    assert numbers(sqs, HOME) == WANTED
    assert result.details["arrived_meanwhile"] == 25


def test_what_lies_behind_a_newcomer_is_not_told_while_somebody_else_holds_a_message(tmp_path: Path) -> None:
    sqs = made(COUNT)
    sqs.call("ReceiveMessage", {"QueueUrl": f"/{DEAD}", "MaxNumberOfMessages": 1, "VisibilityTimeout": 900})
    arriving(sqs, 25, group="g1")
    result = through(sqs, tmp_path)
    assert not result.complete
    assert "not received" in result.says
    assert result.details["not_looked_at"] >= len(ALL["g0"])


def test_once_more_within_five_minutes_nothing_is_taken_for_a_repetition(tmp_path: Path) -> None:
    sqs = made(COUNT)
    for number in range(3):
        sqs.make(PARKED) if number else None
        through(sqs, tmp_path / str(number), where="body.n == `100`")
        assert numbers(sqs, DEAD) == ALL


def deny(sqs: MemorySqs, wanted: str, queue: str, kind: RefusalKind = RefusalKind.DENIED) -> None:
    def denied(operation: str, params: dict[str, Json]) -> None:
        if operation == wanted and str(params["QueueUrl"]).endswith(f"/{queue}"):
            raise refused(operation, "AccessDenied", kind)

    sqs.faults.before = denied


def test_a_park_that_may_not_be_deleted_is_kept_and_named_and_deleted_by_a_resume(tmp_path: Path) -> None:
    sqs = made(COUNT)
    deny(sqs, "DeleteQueue", PARKED)
    result = through(sqs, tmp_path)
    assert (result.complete, sqs.queues[PARKED].messages) == (False, {})
    assert f"queue {PARKED} is kept: access denied" in result.says
    assert numbers(sqs, DEAD) == REST
    sqs.faults.before = None
    assert through(sqs, tmp_path).complete
    judged(sqs)


def test_what_may_not_be_sent_back_stays_parked_and_is_brought_back_once_it_may(tmp_path: Path) -> None:
    sqs = made(COUNT)
    deny(sqs, "SendMessageBatch", DEAD)
    result = through(sqs, tmp_path)
    assert not result.complete
    assert f"12 are parked in {PARKED}" in result.says
    assert numbers(sqs, PARKED) == REST
    sqs.faults.before = None
    assert through(sqs, tmp_path).complete
    judged(sqs)


def test_what_cannot_be_parked_stays_in_its_queue_in_order(tmp_path: Path) -> None:
    sqs = made(COUNT)
    deny(sqs, "SendMessageBatch", PARKED)
    result = through(sqs, tmp_path)
    assert not result.complete
    assert "no more messages can be parked: AccessDenied" in result.says
    assert all(one == sorted(one) for one in numbers(sqs, DEAD).values())
    assert bring_back(sqs, tmp_path).complete
    judged(sqs)


def test_what_could_not_be_deleted_after_it_was_parked_is_in_one_place_at_the_end(tmp_path: Path) -> None:
    sqs = made(COUNT)
    deny(sqs, "DeleteMessageBatch", DEAD)
    result = through(sqs, tmp_path)
    assert (result.complete, result.certain) == (False, False)
    assert result.details["sent_not_deleted"]
    sqs.faults.before = None
    sqs.clock.sleep(200)
    assert through(sqs, tmp_path).complete
    judged(sqs)


@pytest.mark.parametrize("at", range(4, 40, 5))
def test_a_park_that_somebody_deletes_is_told_with_how_many_were_in_it(tmp_path: Path, at: int) -> None:
    sqs, count = made(COUNT), iter(range(1000))
    lost: list[int] = []

    def delete(operation: str, _params: dict[str, Json]) -> None:
        if next(count) == at and PARKED in sqs.queues:
            lost.append(len(sqs.queues.pop(PARKED).messages))

    sqs.faults.before = delete
    result = through(sqs, tmp_path)
    sqs.faults.before = None
    here = len(every(numbers(sqs, HOME)) + every(numbers(sqs, DEAD)))
    assert here + lost[0] >= COUNT
    assert not result.complete
    assert f"queue {PARKED} does not exist any more: somebody else has deleted it" in result.says
    assert "no more messages can be parked: opsctl undo" in result.hint
    again = bring_back(sqs, tmp_path)
    if lost[0]:
        assert f"with {lost[0]} messages that were parked in it" in again.says
    assert again.complete == (lost[0] == 0)


def test_where_both_queues_are_gone_before_anything_was_looked_at_the_report_has_all_its_members(
    tmp_path: Path,
) -> None:
    whole = through(made(COUNT), tmp_path / "whole")
    sqs, count = made(COUNT), iter(range(1000))

    def delete(operation: str, _params: dict[str, Json]) -> None:
        if next(count) == 0:
            del sqs.queues[PARKED], sqs.queues[DEAD]

    sqs.faults.before = delete
    result = through(sqs, tmp_path / "gone")
    assert (result.complete, result.details.keys()) == (False, whole.details.keys())


def test_a_park_that_holds_more_than_is_known_of_is_never_deleted(tmp_path: Path) -> None:
    sqs = made(COUNT)
    stray = {"Id": "a", "MessageBody": "{}", "MessageGroupId": "g9", "MessageDeduplicationId": "x"}

    def add(operation: str, _params: dict[str, Json]) -> None:
        if operation == "GetQueueAttributes" and b"emptied" in (tmp_path / "job.log").read_bytes():
            sqs.faults.before = None
            sqs.call("SendMessageBatch", {"QueueUrl": PARKED, "Entries": [stray]})

    sqs.faults.before = add
    result = through(sqs, tmp_path)
    assert not result.complete
    assert f"queue {PARKED} is kept: SQS still counts 1 in it" in result.says
    assert len(sqs.queues[PARKED].messages) == 1
    assert "DeleteQueue" not in sqs.calls
