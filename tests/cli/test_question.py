"""The question at a real terminal of 80x24: typed ahead, looked into, saved, refused, approved, interrupted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.at_terminal import AtTerminal
from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, World, fresh_world, server

ASKED = "[?]: "
BLOCK = ("block-ip", "203.0.113.9", "--target", "shop.example.com")


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


@pytest.fixture
def account(world: World) -> WatchedServer:
    return server()


def test_the_plan_and_its_question_stand_on_one_screen_of_24_lines(world: World, tmp_path: Path) -> None:
    with AtTerminal(tmp_path, *BLOCK) as terminal:
        shown = terminal.until(ASKED)
    screen = shown[shown.index("BLOCK 203.0.113.9 at shop.example.com") :].splitlines()
    assert len(screen) <= 24
    assert max(map(len, screen)) <= 80
    asked = " ".join(screen)
    assert "Block 203.0.113.9 at shop.example.com until 20" in asked
    assert f"Z, 12 changes in {world.account}?" in asked
    assert "[y]es [n]o [d]etails [s]ave" in screen[-1]


def test_make_ha_and_its_question_take_40_lines(account: WatchedServer, tmp_path: Path) -> None:
    with AtTerminal(tmp_path, "make-ha", "legacy-web", "--accept", "root-disk", lines=40) as terminal:
        shown = terminal.until(ASKED)
    screen = shown[shown.index("MAKE legacy-web") :].splitlines()
    assert len(screen) <= 40
    assert max(map(len, screen)) <= 80


def test_a_yes_typed_before_the_question_approves_nothing(account: WatchedServer, tmp_path: Path) -> None:
    before = len(account.mutations())
    with AtTerminal(tmp_path, *BLOCK) as terminal:
        terminal.type("y\ny\n")
        terminal.until(ASKED)
        terminal.type("n\n")
        code, shown = terminal.end()
    assert (code, "error: not approved; nothing was changed" in shown) == (3, True)
    assert len(account.mutations()) == before
    plan = shown.split("opsctl apply ")[1].split()[0]
    kept = opsctl(tmp_path, "show", plan, "-o", "json")
    assert json.loads(kept.stdout)["result"]["id"] == plan, "the plan is kept, and found by its id"


def test_details_and_a_file_are_had_before_the_answer_and_ctrl_c_says_one_thing(
    account: WatchedServer, tmp_path: Path
) -> None:
    before = len(account.mutations())
    with AtTerminal(tmp_path, *BLOCK) as terminal:
        terminal.until(ASKED)
        terminal.type("d\n")
        assert "wafv2.CreateWebACL in us-east-1" in terminal.until(ASKED)
        terminal.type("?\n")
        assert "d: show each call" in terminal.until(ASKED)
        terminal.type("s\n")
        saved = terminal.until(ASKED)
        terminal.type("\x03")
        code, shown = terminal.end()
    assert (code, shown.replace("^C", "").split()) == (130, ["not", "approved"])
    (file,) = tmp_path.glob("block-ip-*.json")
    assert f"opsctl apply {file.name} --digest" in " ".join(saved.split())
    assert len(account.mutations()) == before


def test_a_yes_to_the_question_applies_the_plan_and_its_result_fits_the_screen(
    account: WatchedServer, tmp_path: Path
) -> None:
    with AtTerminal(tmp_path, *BLOCK) as terminal:
        terminal.until(ASKED)
        terminal.type("y\n")
        code, shown = terminal.end()
    assert code == 0
    result = shown[shown.index("DONE: Block 203.0.113.9") :].splitlines()
    assert len(result) <= 24
    assert result[-1] == "2 of 2 ways closed."
    with AtTerminal(tmp_path, "undo", "last") as terminal:
        terminal.until(ASKED)
        terminal.type("s\n")
        assert "is made anew when it is asked for" in " ".join(terminal.until(ASKED).split())
        terminal.type("n\n")
        code, shown = terminal.end()
    again = shown.split("to be asked again: opsctl ")[1].split()
    assert (code, again[0]) == (3, "undo")
    with AtTerminal(tmp_path, *again) as terminal:
        undo = terminal.until(ASKED)
        screen = undo[undo.index("UNDO ") :].splitlines()
        assert len(screen) <= 24
        assert "- Delete web ACL" in undo
        assert "Undo: " not in undo
        terminal.type("yes\n")
        assert terminal.end()[0] == 0


def test_ctrl_c_at_the_question_has_its_envelope_where_json_was_asked_for(
    account: WatchedServer, tmp_path: Path
) -> None:
    with AtTerminal(tmp_path, *BLOCK, "-o", "json") as terminal:
        terminal.until(ASKED)
        terminal.type("\x03")
        code, shown = terminal.end()
    told = json.loads(shown[shown.index("{") :])
    assert (code, told["command"], told["outcome"]) == (130, "block-ip", "interrupted")
    assert told["errors"][0]["summary"] == "not approved"
