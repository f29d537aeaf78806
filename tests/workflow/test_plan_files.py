"""Saved plans are bound, private, and read with suspicion."""

import json
import os
import stat
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.workflow import plan_files
from opsctl.workflow.plan_files import load_plan, refuse_other_digest, refuse_unbound, save_plan
from tests.kit.box_plans import two_step_plan
from tests.kit.ports import IDENTITY

NOW = 1_790_000_000.0


def test_a_plan_comes_back_as_it_was_saved_and_private(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save_plan(two_step_plan(), path)
    assert load_plan(path) == two_step_plan()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("field", ["region", "account", "caller", "title"])
def test_a_plan_altered_after_it_was_made_is_invalid(tmp_path: Path, field: str) -> None:
    data = two_step_plan().to_json() | {field: "other"}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data))
    with pytest.raises(InvalidInput, match="altered after it was made"):
        load_plan(path)


def test_the_digest_ignores_the_order_of_keys(tmp_path: Path) -> None:
    data = two_step_plan().to_json()
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(dict(reversed(data.items()))))
    assert load_plan(path).digest == two_step_plan().digest


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, b'{"id": NaN}'])
def test_what_is_no_plan_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="not a plan file"):
        load_plan(path)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    for name, why in (("none.json", "no such file"), ("a\0b", "it cannot be read: (open: )?embedded null")):
        with pytest.raises(InvalidInput, match=why) as told:
            load_plan(tmp_path / name)
        assert [one.where.source for one in told.value.diagnostics] == [str(tmp_path / name)]
    with pytest.raises(InvalidInput, match="cannot be written"):
        save_plan(two_step_plan(), tmp_path / "no" / "plan.json")


def test_a_plan_is_written_as_people_review_it(tmp_path: Path) -> None:
    plan = two_step_plan().model_copy(update={"notes": "für alle"}).sealed()
    save_plan(plan, tmp_path / "plan.json")
    text = (tmp_path / "plan.json").read_bytes().decode("utf-8")
    assert text.endswith("\n}\n")
    assert '\n  "notes": "für alle"' in text
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_plan_replaces_a_file_as_a_whole_and_never_what_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old" * 100_000)
    path.chmod(0o666)
    save_plan(two_step_plan(), path)
    assert load_plan(path, private=True) == two_step_plan()
    (tmp_path / "there").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for name in ("there", "pipe", "nowhere"):
        with pytest.raises(InvalidInput, match="not a regular file") as told:
            save_plan(two_step_plan(), tmp_path / name)
        assert [one.where.source for one in told.value.diagnostics] == ["--out"]
    assert (tmp_path / "nowhere").is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["nowhere", "pipe", "plan.json", "there"]


def test_a_plan_that_cannot_be_put_in_place_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InvalidInput, match="cannot be written: No space left on device") as told:
        save_plan(two_step_plan(), tmp_path / "plan.json")
    assert [one.where.source for one in told.value.diagnostics] == ["--out"]
    assert list(tmp_path.iterdir()) == []


def test_somebody_elses_unfinished_file_is_not_written_to(tmp_path: Path) -> None:
    partial = tmp_path / f".plan.json.{os.getpid()}"
    partial.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="cannot be written"):
        save_plan(two_step_plan(), tmp_path / "plan.json")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("more", "taken"), [(0, True), (1, False)])
def test_a_file_is_read_up_to_what_a_plan_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int, taken: bool
) -> None:
    path = tmp_path / "plan.json"
    save_plan(two_step_plan(), path)
    monkeypatch.setattr(plan_files, "MAX_BYTES", path.stat().st_size - more)
    if taken:
        assert load_plan(path) == two_step_plan()
    else:
        with pytest.raises(InvalidInput, match="too large to be a plan"):
            load_plan(path)


@pytest.mark.parametrize(("depth", "taken"), [(97, True), (98, False)])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_a_plan_is_read_as_deep_as_plans_are(tmp_path: Path, depth: int, taken: bool, brackets: str) -> None:
    value: object = "x"
    for _ in range(depth):
        value = [value] if brackets == "[]" else {"a": value}
    plan = two_step_plan().model_copy(update={"facts": {"x": value}}).sealed()
    path = tmp_path / "plan.json"
    save_plan(plan, path)
    if taken:
        assert load_plan(path) == plan
    else:
        with pytest.raises(InvalidInput, match="nested too deeply"):
            load_plan(path)


@pytest.mark.parametrize(
    ("about", "refused"),
    [
        ({"st_uid": 0}, ""),
        ({"st_uid": 4711}, ""),
        ({"st_uid": 1}, "belongs to another user"),
        ({"st_uid": 4712}, "belongs to another user"),
        ({"st_mode": 0o644}, ""),
        ({"st_mode": 0o620}, "mode 620"),
        ({"st_mode": 0o602}, "mode 602"),
        ({"st_mode": 0o066}, "mode 066"),
    ],
)
def test_only_a_file_that_nobody_else_can_change_is_applied_and_any_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, about: dict[str, int], refused: str
) -> None:
    path = tmp_path / "my plan.json"
    save_plan(two_step_plan(), path)
    told = {"st_uid": 4711, "st_mode": 0o600, **about}
    told["st_mode"] |= stat.S_IFREG
    fields = [told["st_mode"], 1, 1, 1, told["st_uid"], 0, 10, 0, 0, 0]
    monkeypatch.setattr(os, "fstat", lambda _file: os.stat_result(fields))
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert load_plan(path) == two_step_plan()
    if refused:
        with pytest.raises(RefusedByGuard, match=refused) as guard:
            load_plan(path, private=True)
        assert f"'{path}'" in guard.value.hint, "a name with a blank can be pasted"
    else:
        assert load_plan(path, private=True) == two_step_plan()


def test_what_is_wrong_in_a_file_is_told_with_its_place_and_not_without_end(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(two_step_plan().to_json() | {"changes": [{}, {}], "title": 1}))
    with pytest.raises(InvalidInput) as told:
        load_plan(path)
    faults = told.value.diagnostics
    assert len(faults) == 10
    assert {(one.code, one.where.source) for one in faults} == {("plan", str(path))}
    assert any("not a plan file: changes.0.id: " in one.summary for one in faults)
    path.write_text("[]")
    with pytest.raises(InvalidInput, match="not a plan file: document: "):
        load_plan(path)


def test_a_digest_approves_the_plan_that_begins_with_it() -> None:
    plan = two_step_plan()
    bare = plan.digest.removeprefix("sha256:")
    for digest in (plan.digest, bare, plan.short_digest, f"sha256:{bare[:12]}"):
        refuse_other_digest(plan, digest, Path("plan.json"))
    for digest in (bare[1:], f"{bare[:11]}_", "sha256:" + bare[::-1], "x" * 500):
        with pytest.raises(RefusedByGuard) as refused:
            refuse_other_digest(plan, digest, Path("plan.json"))
        assert refused.value.hint.endswith("opsctl show plan.json")
        assert len(refused.value.summary) < 200
        assert f"is {plan.short_digest}, not {digest[:80]};" in refused.value.summary


@pytest.mark.parametrize("field", ["account", "region", "endpoint"])
def test_a_plan_for_elsewhere_is_refused(field: str) -> None:
    with pytest.raises(RefusedByGuard, match=f"made for {field}"):
        refuse_unbound(two_step_plan(), IDENTITY.model_copy(update={field: "other"}), NOW)


def test_an_expired_plan_is_refused() -> None:
    refuse_unbound(two_step_plan(), IDENTITY, NOW)
    expires = datetime.fromisoformat(two_step_plan().expires).timestamp()
    refuse_unbound(two_step_plan(), IDENTITY, expires)
    with pytest.raises(RefusedByGuard, match="expired"):
        refuse_unbound(two_step_plan(), IDENTITY, expires + 1)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_inputs_and_facts_of_any_shape_round_trip(value: object) -> None:
    plan = two_step_plan().model_copy(update={"facts": {"x": value}}).sealed()
    again = Plan.model_validate(json.loads(json.dumps(plan.to_json())))
    assert again.digest == again.computed_digest()
