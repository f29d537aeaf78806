"""Every command and option is documented: in its help, with an example, and on the page that is made of it."""

import pytest

from tests.kit.command_reference import PAGE, Command, commands, render

COMMANDS = {one.words + (" COMMAND" if one.is_group else ""): one for one in commands()}
RUNNABLE = [words for words, one in COMMANDS.items() if not one.is_group]


def test_the_page_of_commands_is_current() -> None:
    """python -m tests.kit.command_reference --write"""
    assert PAGE.read_text(encoding="utf-8") == render(), (
        "make it again: python -m tests.kit.command_reference --write"
    )


@pytest.mark.parametrize("words", COMMANDS)
def test_it_says_what_it_is_for_and_what_each_of_its_arguments_and_options_means(words: str) -> None:
    one = COMMANDS[words]
    assert one.text
    assert [left for left, right in one.parameters if not right.strip()] == []


@pytest.mark.parametrize("words", RUNNABLE)
def test_its_help_or_its_groups_shows_how_it_is_typed(words: str) -> None:
    assert any(words in text.replace(" --sandbox", "") for text in shown_with(COMMANDS[words]))


def shown_with(one: Command) -> list[str]:
    return [one.text, one.end, *([one.group.text, one.group.end] if one.group else [])]
