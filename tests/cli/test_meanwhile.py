"""A shipped playbook is checked beside its planning, and what is wrong with it comes before all else."""

import sys
from typing import cast

import pytest

from opsctl.aws.account import CachedReader
from opsctl.catalog import find_plugins
from opsctl.cli.meanwhile import SCREEN, check_first, meanwhile
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.playbook import LoadedPlaybook
from opsctl.model.reads import Answer, Read
from opsctl.playbook.load import load_playbook, parse_playbook
from opsctl.wiring import Runtime

HEAD = "schema: opsctl.playbook/v1\nname: test\nversion: '1'\nsummary: A test.\n"
READ = Read(service="ec2", operation="DescribeVpcs")


def book(text: str, *, shipped: bool) -> LoadedPlaybook:
    return parse_playbook((HEAD + text).encode(), "test.yaml").model_copy(update={"shipped": shipped})


def reader() -> CachedReader:
    return CachedReader(lambda _: Answer(value={}))


class Here:
    """What a runtime is for what is done meanwhile; it has no client to make."""

    registry = find_plugins()
    alias = ""

    def wait_until_asked(self, reader: CachedReader) -> None:
        reader.under_way.wait()


HERE = cast("Runtime", Here())


WRONG = "facts: {one: {uses: no.fact}}\nsteps: []\n"


def test_a_stranger_s_playbook_is_checked_before_anything_is_asked() -> None:
    with pytest.raises(InvalidInput, match=r"no fact 'no\.fact'"):
        check_first(book(WRONG, shipped=False))
    shipped = book(WRONG, shipped=True)
    assert check_first(shipped) is shipped


@pytest.mark.parametrize("ending", [None, RefusedByGuard("no", ""), KeyError("no.fact")])
def test_a_wrong_playbook_is_told_of_whatever_the_planning_ends_with(ending: Exception | None) -> None:
    def plan() -> None:
        with meanwhile(HERE, book(WRONG, shipped=True), reader()):
            if ending is not None:
                raise ending

    with pytest.raises(InvalidInput, match=r"no fact 'no\.fact'"):
        plan()


def test_a_right_one_leaves_the_ending_as_it_is() -> None:
    shipped = load_playbook("block-ip")
    assert shipped.shipped
    assert not shipped.former
    with pytest.raises(RefusedByGuard), meanwhile(HERE, shipped, reader()):
        raise RefusedByGuard("no", "")


def test_it_begins_when_the_first_reads_are_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before that the processor is wanted for the clients that ask."""
    checked: list[bool] = []
    asking = reader()
    monkeypatch.setattr("opsctl.wiring.checked", lambda *_: checked.append(asking.under_way.is_set()))
    with meanwhile(HERE, book("steps: []\n", shipped=True), asking):
        assert checked == []
        asking.read_many([READ])
    assert checked == [True]


def test_what_shows_a_plan_is_loaded_by_then() -> None:
    with meanwhile(HERE, book("steps: []\n", shipped=False), reader()):
        pass
    assert sys.modules.keys() >= set(SCREEN)
