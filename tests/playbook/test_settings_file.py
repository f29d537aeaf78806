"""The configuration files in use add up, and a directory's file can never weaken the user's own."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.model.errors import InvalidInput
from opsctl.model.settings import Adds, Keys, Settings, SettingsFile, added_up, rule_of
from opsctl.playbook.settings_file import load_settings


def load(where: Path, own: str = "", directory: str = "", named: str | None = None) -> Settings:
    for name, text in (("own.yaml", own), ("opsctl.yaml", directory), ("named.yaml", named)):
        if text:
            (where / name).write_text(text)
    return load_settings(
        None if named is None else where / "named.yaml", where / "own.yaml", where / "opsctl.yaml"
    )


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert (found.never_block, found.max_changes, found.plan_expires_s, found.sources) == ((), 50, 14400, ())


def test_lists_are_united_and_limits_take_the_stricter(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        own='never_block: [198.51.100.7]\nprotected_accounts: ["111122223333"]\nmax_changes: 30\n',
        directory="never_block: [203.0.113.0/28, 198.51.100.7]\nmax_changes: 10\nplan_expires_s: 600\n",
        named='protected_accounts: ["444455556666"]\nmax_changes: 20\n',
    )
    assert found.never_block == ("198.51.100.7", "203.0.113.0/28")
    assert found.protected_accounts == ("444455556666", "111122223333")
    assert (found.max_changes, found.plan_expires_s) == (10, 600)
    assert found.sources == (
        str(tmp_path / "named.yaml"),
        str(tmp_path / "own.yaml"),
        f"{tmp_path / 'opsctl.yaml'} (of this directory)",
    )


def test_a_limit_is_widened_by_the_users_own_file_and_never_by_a_directorys(tmp_path: Path) -> None:
    assert load(tmp_path, directory="max_changes: 500\nplan_expires_s: 86400\n").max_changes == 50
    assert load(tmp_path, own="max_changes: 200\n", directory="max_changes: 500\n").max_changes == 200


def test_a_file_that_is_both_named_and_the_directorys_is_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "opsctl.yaml").write_text("max_changes: 500\n")
    found = load_settings(tmp_path / "opsctl.yaml", tmp_path / "own.yaml", tmp_path / "opsctl.yaml")
    assert (found.max_changes, len(found.files)) == (500, 1)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("max_changes: true\n", ":1:1", "a whole number is needed"),
        ("\nplan_expires_s: 1.5\n", ":2:1", "a whole number is needed"),
        ("plan_expires_s: 999999999999999999\n", ":1:1", "less than or equal to 2592000"),
        ("max_changes: 0\n", ":1:1", "greater than or equal to 1"),
        ("never_block:\n  - 198.51.100.7\n  - nonsense\n", ":3:5", "'nonsense' is not an IP address"),
        ("never_block: true\n", ":1:1", "a list is needed"),
        ("protected_accounts: [123456789012]\n", ":1:22", "text is needed"),
        ('protected_accounts: ["123"]\n', ":1:22", "should match pattern"),
        ("never_blok: []\n", ":1:1", "unknown key"),
    ],
)
def test_a_fault_is_told_with_file_and_line_in_whichever_file_it_is(
    tmp_path: Path, text: str, place: str, words: str
) -> None:
    for name in ("own", "directory", "named"):
        where = tmp_path / name
        where.mkdir()
        with pytest.raises(InvalidInput) as caught:
            load(where, **{name: text})
        (fault,) = caught.value.diagnostics
        assert str(fault.where).endswith(f".yaml{place}"), fault.where
        assert words in fault.summary


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(tmp_path, own="max_changes: true\n", directory="never_block: [nonsense]\n")
    assert [Path(fault.where.source).name for fault in caught.value.diagnostics] == ["own.yaml", "opsctl.yaml"]


def test_a_configuration_that_cannot_be_read_is_never_taken_for_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(tmp_path, named="")
    (tmp_path / "own.yaml").mkdir()
    with pytest.raises(InvalidInput, match="regular file"):
        load(tmp_path)


def test_a_file_of_comments_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, own="# max_changes: 10\n").max_changes == 50


def test_every_key_says_how_it_adds_up() -> None:
    assert {key: rule_of(key) for key in Keys.model_fields}


_LISTS = st.lists(st.sampled_from(["198.51.100.1", "198.51.100.2", "203.0.113.0/24"]), max_size=3)
_KEYS = st.fixed_dictionaries(
    {},
    optional={
        "never_block": _LISTS,
        "protected_accounts": st.lists(st.sampled_from(["111122223333", "444455556666"]), max_size=2),
        "max_changes": st.integers(1, 100),
        "plan_expires_s": st.integers(60, 100_000),
    },
).map(Keys.model_validate)


@given(st.lists(_KEYS, max_size=2), _KEYS)
def test_a_directorys_file_never_weakens_what_the_user_has(own: list[Keys], directory: Keys) -> None:
    mine = [SettingsFile(path=f"{number}.yaml", own=True, keys=keys) for number, keys in enumerate(own)]
    alone = added_up(mine)
    both = added_up([*mine, SettingsFile(path="opsctl.yaml", own=False, keys=directory)])
    for key in Keys.model_fields:
        before, after = getattr(alone, key), getattr(both, key)
        if rule_of(key) is Adds.STRICTEST:
            assert after <= before
        elif rule_of(key) is Adds.UNITED:
            assert set(after) == set(before) | set(getattr(directory, key))
        else:
            assert after == before


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com:port/T0SECRET",
        r"https://hooks.example.com/\x1bT0SECRET",
        "http://localhost@hooks.example.com/T0SECRET",
        "https://[hooks/T0SECRET",
    ],
    ids=["port", "escape-code", "user-like-this-machine", "bracket"],
)
def test_a_webhook_that_can_lead_nowhere_is_found_when_the_file_is_read(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInput, match="https URL of a webhook") as raised:
        load(tmp_path, own=f'notify: ["{url}"]\n')
    assert "T0SECRET" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    ["https://hooks.example.com:8443/x", "https://[2001:db8::1]/x", "http://[::1]:8080/x", "https://hooks/x"],
)
def test_a_webhook_may_have_a_port_or_an_address(tmp_path: Path, url: str) -> None:
    assert [one.get_secret_value() for one in load(tmp_path, own=f'notify: ["{url}"]\n').notify] == [url]
