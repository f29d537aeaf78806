"""Saved plans are bound, private, and read with suspicion."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.workflow.plan_files import load_plan, refuse_unbound, save_plan
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
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_plan(tmp_path / "none.json")
    with pytest.raises(InvalidInput, match="cannot be written"):
        save_plan(two_step_plan(), tmp_path / "no" / "plan.json")


@pytest.mark.parametrize("field", ["account", "region", "endpoint"])
def test_a_plan_for_elsewhere_is_refused(field: str) -> None:
    with pytest.raises(RefusedByGuard, match=f"made for {field}"):
        refuse_unbound(two_step_plan(), IDENTITY.model_copy(update={field: "other"}), NOW)


def test_an_expired_plan_is_refused() -> None:
    refuse_unbound(two_step_plan(), IDENTITY, NOW)
    with pytest.raises(RefusedByGuard, match="expired"):
        refuse_unbound(two_step_plan(), IDENTITY, NOW + 24 * 3600)


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
