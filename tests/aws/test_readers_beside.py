"""A reader beside another one: asks nothing twice, waits for nobody at the end, and polls afresh."""

from threading import Event, Semaphore, Thread

import pytest

from opsctl.aws.account import CachedReader, KnownAnswers, ReaderBeside
from opsctl.model.errors import InvalidInput
from opsctl.model.reads import Answer, Read

ONE, OTHER = Read(service="ec2", operation="DescribeVpcs"), Read(service="ec2", operation="DescribeSubnets")


class Account:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = Event()
        self.go.set()
        self.came = Semaphore(0)

    def read(self, read: Read) -> Answer:
        self.asked.append(read.api)
        self.came.release()
        self.go.wait()
        return Answer(value=len(self.asked))


def test_what_one_reader_was_told_the_other_does_not_ask_again() -> None:
    account = Account()
    reader = CachedReader(account.read)
    beside = ReaderBeside(account.read, reader.known)
    assert reader.read_many([ONE]) == beside.read_many([ONE])
    assert beside.read_many([OTHER]) == reader.read_many([OTHER])
    assert sorted(account.asked) == ["ec2.DescribeSubnets", "ec2.DescribeVpcs"]
    # What a reader wanted is counted whoever asked first: how fast the other one was is no part of it.
    assert ([read.api for read in reader.made], reader.rounds) == (["ec2.DescribeVpcs", "ec2.DescribeSubnets"], 2)


def test_two_that_ask_at_once_ask_once_and_both_are_answered() -> None:
    account = Account()
    account.go.clear()
    known = KnownAnswers()
    answers: list[Answer] = []
    threads = [
        Thread(target=lambda: answers.extend(ReaderBeside(account.read, known).read_many([ONE]))) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    account.go.set()
    for thread in threads:
        thread.join()
    assert account.asked == ["ec2.DescribeVpcs"]
    assert answers == [Answer(value=1)] * 2


def test_what_waits_for_its_turn_is_left_to_the_one_that_must_not_wait() -> None:
    """Slow logs may hold every turn; planning asks what it needs all the same."""
    account = Account()
    account.go.clear()
    reader = CachedReader(Account().read)
    beside = ReaderBeside(account.read, reader.known)
    slow = [Read(service="logs", operation=f"Look{number}") for number in range(ReaderBeside.AT_ONCE)]
    asking = Thread(target=lambda: beside.read_many([*slow, ONE]))
    asking.start()
    for _ in slow:
        account.came.acquire()
    assert reader.read_many([ONE]) == [Answer(value=1)]
    account.go.set()
    asking.join()
    assert ONE.api not in account.asked


def test_a_call_that_may_not_be_made_fails_for_everybody_who_asks_for_it() -> None:
    def refuse(read: Read) -> Answer:
        raise InvalidInput.one(f"{read.api} is no read", source=read.api)

    reader = CachedReader(refuse)
    for one in (reader, ReaderBeside(refuse, reader.known)):
        with pytest.raises(InvalidInput, match="is no read"):
            one.read_many([ONE])
