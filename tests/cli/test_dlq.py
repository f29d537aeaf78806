"""`opsctl dlq` as a person types it: what it shows, what it refuses, and what a kill leaves behind."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from opsctl.cli.main import run
from opsctl.model.reads import RefusalKind
from tests.kit.memory_sqs import refused
from tests.kit.sqs_server import SqsServer
from tests.kit.tls_server import authority


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[SqsServer]:
    """The server; by TLS, with a CA that only REQUESTS_CA_BUNDLE names, when asked for with `https`."""
    tls = None
    if getattr(request, "param", "") == "https":
        company = authority(tmp_path)
        tls = company.context()
        monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(company.bundle))
    made = SqsServer(tls)
    for name, value in made.environment(str(tmp_path / "state")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    made.sqs.make("orders-dlq")
    policy = json.dumps({"deadLetterTargetArn": made.sqs.arn("orders-dlq"), "maxReceiveCount": "3"})
    made.sqs.make("orders", RedrivePolicy=policy)
    old = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        yield made
    finally:
        made.stop()
        signal.signal(signal.SIGINT, old[0])
        signal.signal(signal.SIGTERM, old[1])


def fill(server: SqsServer, count: int) -> None:
    for number in range(count):
        server.sqs.put("orders-dlq", json.dumps({"n": number, "keep": number % 4 == 0}), source="orders")
    server.clock.ahead_s += 5


def test_a_redrive_moves_and_says_so_as_json(server: SqsServer, capsys: pytest.CaptureFixture[str]) -> None:
    fill(server, 25)
    assert run(["dlq", "redrive", "orders-dlq", "--yes", "-o", "json", "-q"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["result"]["changes"][0]["result"]["moved"] == 25
    assert len(server.sqs.queues["orders"].messages) == 25


def test_a_dry_run_receives_nothing(server: SqsServer, capsys: pytest.CaptureFixture[str]) -> None:
    fill(server, 5)
    assert run(["dlq", "redrive", "orders-dlq", "--dry-run", "--detailed-exitcode"]) == 5
    assert "Redrive about 5 messages from orders-dlq" in capsys.readouterr().out
    assert "ReceiveMessage" not in server.sqs.calls


def test_what_stays_makes_the_exit_code_one_and_is_named(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 3)
    (bad,) = server.sqs.put("orders-dlq", "not XML \x01", source="orders")
    server.clock.ahead_s += 5
    assert run(["dlq", "redrive", "orders-dlq", "--yes", "-q"]) == 1
    out = capsys.readouterr().out
    assert bad in out
    assert "InvalidMessageContents" in out
    assert "resume" in out


def test_what_may_be_twice_makes_the_exit_code_six_and_is_named(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 30)
    server.sqs.faults.lose_first = {"SendMessageBatch": 1}
    assert run(["dlq", "redrive", "orders-dlq", "--yes", "-q"]) == 6
    assert "may be duplicated" in capsys.readouterr().out


def test_a_send_that_a_503_answered_may_be_twice_and_is_named(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here the 503 came although the messages were taken; none of them is twice without a word."""
    fill(server, 30)
    server.sqs.faults.lose_first = {"SendMessageBatch": 1}
    server.lost_as = 503
    assert run(["dlq", "redrive", "orders-dlq", "--yes", "-q", "-o", "json"]) == 6
    result = json.loads(capsys.readouterr().out)["result"]["changes"][0]["result"]
    bodies = [json.loads(body)["n"] for body in server.sqs.queues["orders"].bodies()]
    twice = {n for n in bodies if bodies.count(n) > 1}
    assert len(twice) == 10
    assert len(result["may_be_twice"]) == len(twice)


@pytest.mark.parametrize("server", ["https"], indirect=True)
def test_a_redrive_reaches_a_server_of_a_companys_own_ca(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 25)
    assert run(["dlq", "redrive", "orders-dlq", "--yes", "-q"]) == 0
    assert "25 moved" in capsys.readouterr().out
    assert len(server.sqs.queues["orders"].messages) == 25


def test_inspect_groups_by_cause_and_shows_hostile_bodies_as_text(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 3)
    server.sqs.put("orders-dlq", "\x1b[2J[red]<script>", source="orders")
    assert run(["dlq", "inspect", "orders-dlq"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\\x1b[2J[red]<script>" in out
    assert "3 x JSON {keep, n}" in out
    assert all(one.visible_at <= server.clock.now() for one in server.sqs.queues["orders-dlq"].messages.values())


def test_inspect_ends_with_what_to_type_next_and_with_how_the_account_was_reached(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 3)
    reached = ["--region", "us-east-1", "--endpoint-url", server.endpoint]
    assert run(["dlq", "inspect", "orders-dlq", "--override", "own-redrive", *reached, "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)["result"]
    switches = " ".join(reached)
    assert told["next"] == [
        f"opsctl dlq why orders-dlq --override own-redrive {switches}",
        f"opsctl dlq redrive orders-dlq --dry-run {switches}",
    ]
    assert set(told["next_because"]) == set(told["next"])
    for form in ("text", "markdown"):
        assert run(["dlq", "inspect", "orders-dlq", *reached, "-o", form]) == 0
        assert f"opsctl dlq redrive orders-dlq --dry-run {switches}" in capsys.readouterr().out


def test_after_an_empty_queue_there_is_nothing_to_type(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dlq", "inspect", "orders-dlq"]) == 0
    assert "next:" not in capsys.readouterr().out


def test_inspect_refuses_a_queue_that_moves_messages_on(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dlq", "inspect", "orders"]) == 3
    assert "reading a message counts as a receive" in capsys.readouterr().err
    assert "ReceiveMessage" not in server.sqs.calls
    assert run(["dlq", "inspect", "orders", "--override", "own-redrive"]) == 0


def test_a_message_is_written_exactly_as_it_is_into_a_pipe(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 12)
    (wanted,) = server.sqs.put("orders-dlq", '{"a":  1.0}\n', source="orders")
    assert run(["dlq", "inspect", "orders-dlq", "--body", wanted]) == 0
    assert capsys.readouterr().out == '{"a":  1.0}\n'
    assert run(["dlq", "inspect", "orders-dlq", "--body", "no-such-id"]) == 2


def test_a_sample_shows_the_difference_an_edit_makes_and_moves_nothing(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 2)
    assert run(["dlq", "redrive", "orders-dlq", "--sample", "2", "--where", "body.keep", "--set", "body.n=9"]) == 0
    out = capsys.readouterr().out
    assert '+  "n": 9,' in out
    assert "not matched by the filter" in out
    assert len(server.sqs.queues["orders-dlq"].messages) == 2


def test_what_a_filter_cannot_judge_is_said_and_not_taken_for_unwanted(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 3)
    for command in (["inspect", "orders-dlq"], ["export", "orders-dlq", "long.jsonl"]):
        assert run(["dlq", *command, "--where", "length(body.n) > `1`"]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "the filter cannot be evaluated for 3 of them: length() takes" in told, command


def test_export_purge_and_import_come_back_to_the_start(
    server: SqsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 23)
    before = sorted(server.sqs.queues["orders-dlq"].bodies())
    assert run(["dlq", "export", "orders-dlq", "all.jsonl.gz"]) == 0
    assert len(gzip.decompress((tmp_path / "all.jsonl.gz").read_bytes()).splitlines()) == 23
    assert run(["dlq", "export", "orders-dlq", "all.jsonl.gz"]) == 2
    assert run(["dlq", "purge", "orders-dlq", "--yes"]) == 3
    assert run(["dlq", "purge", "orders-dlq", "--confirm", "orders-dlq", "-q"]) == 0
    assert server.sqs.queues["orders-dlq"].messages == {}
    (saved,) = tmp_path.glob("orders-dlq-*.jsonl.gz")
    assert run(["dlq", "import", saved.name, "orders-dlq", "--yes", "-q"]) == 0
    assert sorted(server.sqs.queues["orders-dlq"].bodies()) == before
    capsys.readouterr()


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["redrive", "orders-dlq", "--where", "body.["], "--where"),
        (["redrive", "orders-dlq", "--set", "nonsense"], "--set"),
        (["redrive", "no-such-queue"], "QUEUE"),
        (["redrive", "orders-dlq", "--backup", "/nonexistent/x.jsonl"], "--backup"),
        (["redrive", "orders-dlq", "--where", "customer == 'x'"], "no 'customer' here"),
        (["export", "orders-dlq", "/nonexistent/x.jsonl"], "FILE"),
        (["redrive", "orders-dlq", "--to", "a b"], "--to"),
        (["redrive", "orders-dlq", "--via", "magic"], "--via"),
        (["redrive", "orders-dlq", "--rate", "-1"], "--rate"),
        (["inspect", "https://example.com/x"], "QUEUE"),
        (["inspect", "orders-dlq", "--sample", "0"], "--sample"),
        (["export", "orders-dlq", "out.txt"], ".jsonl"),
        (["import", "missing.jsonl", "orders-dlq"], "missing.jsonl"),
        (["purge", "orders-dlq", "--backup", "x.jsonl", "--no-backup"], "--no-backup"),
        (["purge", "orders-dlq", "--where", ""], "--where': it is empty"),
        (["redrive", "orders-dlq", "--where", ""], "--where': it is empty"),
        (["redrive", "orders-dlq", "--edit", ""], "--edit': it is empty"),
        (["redrive", "orders-dlq", "--to", ""], "--to': it is empty"),
        (["inspect", "orders-dlq", "--body", ""], "--body': it is empty"),
    ],
)
def test_wrong_input_is_one_line_with_the_flag_and_exit_two(
    server: SqsServer, capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    assert run(["dlq", *argv]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
    assert "ReceiveMessage" not in server.sqs.calls


@pytest.mark.parametrize("command", ["redrive", "purge"])
def test_an_empty_queue_is_said_to_be_empty(
    server: SqsServer, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run(["dlq", command, "orders-dlq", "--yes"]) == 0
    assert "SQS counts no messages in the queue, so nothing is planned" in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_working_queue_is_not_purged_for_the_asking(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.sqs.put("orders", "work", source="orders")
    assert run(["dlq", "purge", "orders", "--confirm", "orders"]) == 3
    assert "--override own-redrive" in capsys.readouterr().err
    assert len(server.sqs.queues["orders"].messages) == 1


def test_an_interrupted_look_has_its_own_exit_code_also_in_the_json(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 30)

    def interrupt(operation: str, _params: object) -> None:
        if operation == "ReceiveMessage":
            server.sqs.faults.before = None
            os.kill(os.getpid(), signal.SIGINT)

    server.sqs.faults.before = interrupt
    assert run(["dlq", "inspect", "orders-dlq", "-o", "json"]) == 130
    told = json.loads(capsys.readouterr().out)
    assert (told["exit_code"], told["outcome"]) == (130, "interrupted")
    assert all(one.visible_at <= server.clock.now() for one in server.sqs.queues["orders-dlq"].messages.values())


def test_messages_that_cannot_be_given_back_are_said_to_be_hidden(
    server: SqsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 3)

    def deny(operation: str, _params: object) -> None:
        if operation == "ChangeMessageVisibilityBatch":
            raise refused(operation, "AccessDenied", RefusalKind.DENIED)

    server.sqs.faults.before = deny
    assert run(["dlq", "inspect", "orders-dlq"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "are still hidden" in out
    assert "become visible by themselves" in out


class Hurrying:
    """The machine's clock, put forward with the server's where somebody waits until SQS's counts are right."""

    def __init__(self, server: SqsServer) -> None:
        self._server = server

    def now(self) -> float:
        return time.time() + self._server.clock.ahead_s

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.01))
        self._server.clock.ahead_s += max(seconds - 0.01, 0)


def test_killed_again_and_again_every_message_ends_in_one_queue(
    server: SqsServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 400)
    chance = random.Random(3)  # noqa: S311 - moments, not secrets
    wanted = {json.dumps({"n": n, "keep": True}) for n in range(0, 400, 4)}
    id_of = {one.body: one.id for one in server.sqs.queues["orders-dlq"].messages.values()}

    def slow(operation: str, _params: object) -> None:
        time.sleep(0.003)

    server.sqs.faults.before = slow
    argv = ["dlq", "redrive", "orders-dlq", "--where", "body.keep", "--yes", "-q", "-o", "json"]
    command = [sys.executable, "-m", "opsctl"]
    for _ in range(2):
        process = subprocess.Popen(
            [*command, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy()
        )
        sent = len(server.sqs.queues["orders"].messages)
        target = sent + chance.randrange(5, 40)
        while len(server.sqs.queues["orders"].messages) < target and process.poll() is None:
            time.sleep(0.002)
        process.kill()
        process.wait()
        server.clock.ahead_s += 130
        argv = ["resume", "last", "-q", "-o", "json"]
    monkeypatch.setattr("opsctl.wiring.SystemClock", partial(Hurrying, server))
    assert run(argv) in (0, 6)
    arrived = server.sqs.queues["orders"].bodies()
    assert set(arrived) == wanted
    assert len(server.sqs.queues["orders-dlq"].messages) == 300
    (change,) = json.loads(capsys.readouterr().out)["result"]["changes"]
    doubtful = change["result"]["may_be_twice"]
    # Copies are not bounded by names: a message in hand at both kills arrives three times and is named once.
    twice = {id_of[body] for body, copies in Counter(arrived).items() if copies > 1}
    assert twice <= set(doubtful)
    assert len(doubtful) <= 2 * 64 * 10
    assert change["result"]["moved"] == 100
