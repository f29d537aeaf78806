"""Help for whoever is in a hurry: groups, names instead of types, whole sentences, examples to copy."""

import re

import pytest

from tests.kit.command_reference import Command, commands

COMMANDS = {one.words + (" COMMAND" if one.is_group else ""): one for one in commands()}


def help_of(one: Command) -> str:
    context = type(one.context)(
        one.context.command, info_name=one.context.info_name, parent=one.context.parent, terminal_width=80
    )
    return str(one.context.command.get_help(context))


@pytest.mark.parametrize("words", COMMANDS)
def test_no_type_of_python_and_no_half_sentence_is_shown(words: str) -> None:
    text = help_of(COMMANDS[words])
    # What is typed in an example may be JSON.
    told = text.replace(COMMANDS[words].end, "").partition("\nExamples:\n")[0]
    assert not re.search(r"<(str|int|path|float|bool|list)|list\[|\{|x>=", told)
    assert "..." not in re.sub(r"\.\.\.\]|[A-Z]\.\.\.|=\.\.\.", "", text), "cut, and not an argument that repeats"


@pytest.mark.parametrize("words", COMMANDS)
def test_an_example_stands_on_one_line_that_can_be_copied(words: str) -> None:
    one = COMMANDS[words]
    typed = [part.strip() for part in re.split(r"\n\s*\n", one.end) if re.match(r"\s*opsctl ", part)]
    assert [line for line in typed if f"  {line}\n" not in f"{help_of(one)}\n"] == []


def test_options_stand_in_groups_and_the_commands_own_come_first() -> None:
    text = help_of(COMMANDS["opsctl block-ip"])
    titles = re.findall(r"^(\w[\w ]+):$", text, re.MULTILINE)
    assert titles == ["Arguments", "Options", "Plan and apply", "Account", "Output", "Examples"]
    of_account = text.split("Account:")[1].split("Output:")[0]
    assert "--profile NAME" in of_account
    assert "--target TARGET" in text.split("Options:")[1].split("Plan and apply:")[0]


def test_usage_names_arguments_as_the_page_does() -> None:
    assert help_of(COMMANDS["opsctl topology"]).startswith("Usage: opsctl topology [OPTIONS] TARGET\n")
    assert help_of(COMMANDS["opsctl block-ip"]).startswith("Usage: opsctl block-ip [OPTIONS] [ADDRESS...]\n")
