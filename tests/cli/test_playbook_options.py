"""A command's options are the inputs of its playbook: declared once, read when they are needed."""

import json
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from opsctl.cli.main import app
from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of
from opsctl.cli.strict import make_strict
from opsctl.model.errors import InvalidInput
from opsctl.planning.inputs import parse_inputs
from opsctl.playbook.load import load_playbook
from opsctl.playbook.places import shipped_names

OF_COMMANDS: dict[str, dict[str, object]] = {
    "block-ip": {
        "addresses": None,
        "--target": None,
        "--layer": "auto",
        "--mode": "block",
        "--country": None,
        "--ip-set": None,
        "--own-rule": False,
        "--forwarded-header": "",
        "--position": "auto",
        "--ttl": "",
        "--until": "",
        "--reason": "",
        "--incident": "",
    },
    "unblock-ip": {"addresses": None, "--country": None, "--target": "", "--incident": ""},
    "blocks expire": {},
    "blocks extend": {
        "addresses": None,
        "--country": None,
        "--target": "",
        "--ttl": "",
        "--until": "",
        "--reason": "",
        "--incident": "",
    },
    "make-ha instance": {
        "instance": None,
        "--mode": "auto",
        "--fresh": False,
        "--reboot": False,
        "--group": "",
        "--subnet": None,
        "--topic": "",
        "--rpo": "0s",
        "--snapshots": "handler",
        "--keep-snapshots": 48,
        "--allow-data-loss": "0s",
        "--record": "",
    },
    "make-ha drill": {
        "group": None,
        "--by": "auto",
        "--other-zone": False,
        "--within": "30m",
        "--snapshot-within": "24h",
        "--probe": "",
        "--report": None,
    },
    "dlq redrive": {
        "queue": None,
        "--to": "",
        "--where": "",
        "--through": False,
        "--set": None,
        "--edit": "",
        "--limit": 0,
        "--rate": 0,
        "--canary": -1,
        "--watch": 10,
        "--backup": None,
        "--via": "auto",
        "--events-to": "target",
    },
    "dlq purge": {"queue": None, "--where": "", "--through": False},
    "dlq import": {"file": None, "queue": None},
    "dlq attach": {"source": None, "--dlq": "", "--max-receive": 0, "--alarm": ""},
    "dlq audit": {"--queue": None},
    "dlq task": {"queue": None},
}


def command_called(words: str) -> Any:
    found: Any = typer.main.get_command(app)
    for word in words.split():
        found = found.commands[word]
    return found


def parameters_of(words: str) -> list[Any]:
    command = command_called(words)
    return list(command.get_params(typer.Context(command)))


@pytest.mark.parametrize("words", OF_COMMANDS)
def test_a_command_has_just_the_options_that_its_playbook_declares(words: str) -> None:
    """Names and defaults are a promise to scripts: written out, so that no edit of YAML breaks it unseen."""
    command = command_called(words)
    assert {one.opts[-1]: one.default for one in command._of_inputs} == OF_COMMANDS[words]


@pytest.mark.parametrize("words", OF_COMMANDS)
def test_no_option_of_a_playbook_hides_one_of_the_command(words: str) -> None:
    names = Counter(opt for one in parameters_of(words) for opt in {*one.opts, one.name})
    assert [name for name, count in names.items() if count > 1] == []


BOOK = """
schema: opsctl.playbook/v1
name: mine
version: "1"
summary: One of each.
inputs:
  who: {type: string, required: true, argument: true, metavar: WHO, help: "Name of somebody."}
  places: {type: list, of: string, alias: --place, help: "A place; repeatable."}
  how: {type: enum, values: [softly, loudly], default: softly, help: "In which way."}
  keep_days: {type: int, default: 3, min: 1, max: 9, help: "Days to keep."}
  wait: {type: duration, default: 5m}
  really: {type: bool, default: false}
  file: {type: path, default: ""}
  note: {type: string}
"""


@pytest.fixture
def of_mine(tmp_path: Path) -> typer.Typer:
    """An application with one command that has the inputs above, and an option of its own for one of them."""
    book = tmp_path / "mine.yaml"
    book.write_text(BOOK)
    mine = typer.Typer(rich_markup_mode=None, add_completion=False)

    def command(*, given: Given, planning: PlanOptions, note: str = "own") -> None:
        told = {"values": given.but(note=note).values, "flags": given.flags, "out": str(planning.out)}
        typer.echo(json.dumps(told))

    mine.command("mine", cls=inputs_of(str(book)))(spliced(command))
    make_strict(mine)
    return mine


def test_what_is_typed_arrives_as_one_value_by_the_names_of_the_inputs(
    of_mine: typer.Typer, tmp_path: Path
) -> None:
    argv = [
        "ann",
        "--place",
        "a",
        "--place",
        "b",
        "--keep-days",
        "4",
        "--really",
        "--file",
        "x.json",
        "--out",
        "p",
    ]
    told = json.loads(CliRunner().invoke(of_mine, argv, catch_exceptions=False).stdout)
    assert told["values"] == {
        "who": "ann",
        "places": ["a", "b"],
        "how": "softly",
        "keep_days": 4,
        "wait": "5m",
        "really": True,
        "file": str(Path("x.json").absolute()),
        "note": "own",
    }
    assert told["out"] == "p"


def test_messages_call_inputs_what_was_typed(of_mine: typer.Typer) -> None:
    told = json.loads(CliRunner().invoke(of_mine, ["ann"], catch_exceptions=False).stdout)
    names = [told["flags"][name] for name in ("who", "places", "keep_days")]
    assert names == ["WHO", "--place", "--keep-days"]


def test_a_fact_s_field_is_called_by_the_flag_of_the_input_that_fills_it() -> None:
    flags = {"source": "SOURCE", "dlq": "--dlq", "alarm": "--alarm", "max_receive": "--max-receive"}
    given = Given(load_playbook("dlq-attach"), {}, flags)
    assert given.flags_of_fields == {**flags, "queue": "--dlq", "topic": "--alarm"}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--keep-days", "0"], "greater than or equal to 1"),
        (["--keep-days", "ten"], "a valid integer"),
        (["--place", ""], "it is empty"),
        ([], "'WHO'"),
    ],
)
def test_what_does_not_fit_an_input_is_refused_by_its_flag(
    of_mine: typer.Typer, argv: list[str], words: str
) -> None:
    done = CliRunner().invoke(of_mine, [*(["ann"] if argv else []), *argv])
    assert (done.exit_code, words in done.output) == (2, True), done.output


def test_bounds_hold_wherever_the_input_comes_from() -> None:
    specs = load_playbook("dlq-redrive").playbook.inputs
    given = {"queue": "q", "limit": "-5"}
    with pytest.raises(InvalidInput, match="-5 is less than 0") as caught:
        parse_inputs(specs, given, source={"limit": "--set limit"})
    assert caught.value.diagnostics[0].where.source == "--set limit"
    with pytest.raises(InvalidInput, match="1001 is more than 1000"):
        parse_inputs(load_playbook("dlq-attach").playbook.inputs, {"source": "q", "max_receive": 1001}, source={})


def test_help_shows_the_choices_and_the_defaults(of_mine: typer.Typer) -> None:
    text = " ".join(CliRunner().invoke(of_mine, ["--help"]).output.split())
    assert "--how <softly|loudly> In which way. [default: softly]" in text
    assert "WHO Name of somebody. [required]" in text
    assert "given" not in text


def test_no_input_has_the_name_of_an_option_that_every_command_has() -> None:
    """The command would have the option, and nobody could give the input."""
    frame = {
        one.name for group in (AccountOptions, ApplyOptions, PlanOptions, ShowOptions) for one in fields(group)
    }
    hidden = {name: frame & set(load_playbook(name).playbook.inputs) for name in shipped_names()}
    assert {name: found for name, found in hidden.items() if found} == {}
