"""At a real terminal: a stranger's reads are asked for, then the changes; nobody approves what was not shown."""

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kit.command import environment
from tests.kit.moto_account import WatchedServer, client

BOOK = """\
schema: opsctl.playbook/v1
name: tag
version: "0.1"
summary: Tag.
inputs:
  vpc: {type: string, required: true}
steps:
  - id: tag
    call: ec2.CreateTags
    params: {Resources: ["=inputs.vpc"], Tags: [{Key: incident, Value: INC-42}]}
    why: because
    expect: [{read: ec2.DescribeTags, query: "Tags[?Key=='incident']", empty: true}]
    proof: [{read: ec2.DescribeTags, query: "Tags[?Key=='incident']", present: true}]
    undo: {call: ec2.DeleteTags, params: {Resources: ["=inputs.vpc"]}}
"""
QUESTIONS = (b"reads?", b"[?]")


def at_terminal(home: Path, answers: Sequence[str], *argv: str) -> tuple[int, str, str]:
    """Run opsctl with a terminal for questions and answers, and stdout in a file: code, terminal, stdout.

    Each answer is typed when the next question stands there: what is typed before is discarded.
    """
    ours, theirs = pty.openpty()
    seen, left, read = bytearray(), list(answers), 0

    def listen() -> None:
        nonlocal read
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                return
            if not part:
                return
            seen.extend(part)
            question = next((one for one in QUESTIONS if one in seen[read:]), None)
            if question is not None and left:
                read = seen.index(question, read) + len(question)
                os.write(ours, f"{left.pop(0)}\n".encode())

    listener = threading.Thread(target=listen)
    with (home / "out").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "opsctl", *argv],
            cwd=home,
            env=environment(home),
            stdin=theirs,
            stderr=theirs,
            stdout=out,
        )
        os.close(theirs)
        listener.start()
        code = process.wait(timeout=120)
    listener.join(timeout=10)
    os.close(ours)
    return code, seen.decode(), (home / "out").read_text(encoding="utf-8")


def run(home: Path, answers: Sequence[str], *switches: str) -> tuple[int, str, str]:
    (home / "a.yaml").write_text(BOOK)
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    return at_terminal(home, answers, "run", "a.yaml", "--set", f"vpc={vpc}", *switches)


def test_yes_does_not_answer_the_question_for_the_reads(account: WatchedServer, tmp_path: Path) -> None:
    code, terminal, _ = run(tmp_path, ["n"], "--yes")
    assert code == 3
    assert "Make these 2 reads?" in terminal
    assert "ec2.DescribeTags, proof of step tag" in terminal
    assert not account.mutations()


@pytest.mark.parametrize("switches", [(), ("-q",), ("-o", "json", "-q")])
def test_who_is_asked_sees_the_plan_wherever_stdout_goes(
    account: WatchedServer, tmp_path: Path, switches: tuple[str, ...]
) -> None:
    code, terminal, _ = run(tmp_path, ["y", "d", "n"], *switches)
    assert code == 3
    shown, _, _ = terminal.partition("Apply 1 change")
    assert "INC-42" in shown.partition("Make these 2 reads?")[2]
    assert not account.mutations()
