"""A command of several playbooks has the options of all, and what was typed tells which of them runs."""

from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from opsctl.cli.main import app
from opsctl.cli.playbook_options import Given
from opsctl.playbook.load import load_playbook

SPAN = ("--from", "2026-11-30T10:00Z", "--to", "2026-11-30T12:00Z")
V2 = "arn:aws:events:eu-west-1:123456789012:event-busv2/shop/abcdefghij0123456789abcde"


def command_called(*words: str) -> Any:
    found: Any = typer.main.get_command(app)
    for word in words:
        found = found.commands[word]
    return found


@pytest.mark.parametrize(
    ("words", "playbooks"),
    [
        (("events", "archive"), ("events-archive", "events-archive-topic")),
        (("events", "replay"), ("events-replay", "events-replay-topic", "events-replay-custom-bus")),
    ],
)
def test_every_input_of_each_playbook_can_be_typed(words: tuple[str, ...], playbooks: tuple[str, ...]) -> None:
    command = command_called(*words)
    typed = {one.name for one in command._of_inputs}
    for name in playbooks:
        renamed = {new: old for old, new in command.renamed.get(name, {}).items()}
        assert {renamed.get(one, one) for one in load_playbook(name).playbook.inputs} <= typed


@pytest.mark.parametrize(
    ("typed", "playbook", "given"),
    [
        (
            ("replay", "--bus", "orders", *SPAN, "--all-rules"),
            "events-replay",
            {"bus": "orders", "all_rules": True},
        ),
        (
            ("replay", "--topic", "a.fifo", *SPAN[:2], "--queue", "q"),
            "events-replay-topic",
            {"end": "", "queue": "q"},
        ),
        (("replay", "--bus", V2, *SPAN, "--into", "q", "--role", "r"), "events-replay-custom-bus", {"role": "r"}),
        (("archive", "orders", "--days", "forever"), "events-archive", {"bus": "orders"}),
        (("archive", "a.fifo", "--days", "7"), "events-archive-topic", {"topic": "a.fifo"}),
        (("archive", "topic:a.fifo", "--days", "7"), "events-archive-topic", {"topic": "topic:a.fifo"}),
    ],
)
def test_what_was_typed_chooses(
    typed: tuple[str, ...], playbook: str, given: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Given] = []
    monkeypatch.setattr("opsctl.cli.front.run_playbook", lambda _order, told, *_more: ran.append(told))
    result = CliRunner().invoke(app, ["events", *typed])
    assert result.exit_code == 0, result.output
    (one,) = ran
    assert one.playbook.playbook.name == playbook
    assert given.items() <= dict(one.values).items()
    assert set(one.values) <= set(one.playbook.playbook.inputs)


@pytest.mark.parametrize(
    ("typed", "flag"),
    [
        (("replay", *SPAN), "--bus"),
        (("replay", "--bus", "a", "--topic", "b.fifo", *SPAN), "--bus"),
        (("replay", "--topic", "a.fifo", *SPAN, "--rule", "r"), "--rule"),
        (("replay", "--bus", "orders", *SPAN, "--queue", "q"), "--queue"),
        (("replay", "--bus", V2, *SPAN, "--all-rules"), "--all-rules"),
        (("archive", "a.fifo", "--days", "7", "--pattern", "{}"), "--pattern"),
    ],
)
def test_what_says_nothing_to_the_chosen_one_is_refused_by_its_name(typed: tuple[str, ...], flag: str) -> None:
    result = CliRunner().invoke(app, ["events", *typed])
    assert result.exit_code == 2
    assert flag in result.output
