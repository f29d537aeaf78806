"""Plug-ins are found by their file names, and only those that are used are imported."""

import subprocess
import sys

import pytest

from opsctl.catalog import find_plugins


@pytest.mark.parametrize("kind", ["facts", "actions", "jobs"])
def test_every_file_defines_one_plugin_that_has_its_name(kind: str) -> None:
    plugins = getattr(find_plugins(), kind)
    assert len(plugins) == len(list(plugins)) > 0
    for name in plugins:
        assert plugins[name].name == name


def test_what_no_file_is_called_is_no_plugin() -> None:
    facts = find_plugins().facts
    assert "block.nonsense" not in facts
    assert facts.get("block.nonsense") is None
    with pytest.raises(KeyError):
        facts["sqs_queue"]


def test_finding_the_plugins_imports_none_of_them() -> None:
    code = (
        "import sys; from opsctl.catalog import find_plugins; len(find_plugins().facts); "
        "print(*[name for name in sys.modules if "
        "{'facts', 'actions', 'jobs'} & {*name.split('.')[1:-1]}])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
