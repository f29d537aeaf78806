"""What `sandbox start` and `sandbox worlds` offer to try."""

from opsctl.cli.sandbox_commands import TO_TRY
from opsctl.sandbox.worlds.names import BY_KIND


def test_every_sample_is_tried_by_one_command() -> None:
    tried = [one.name for kind, _, _ in TO_TRY for one in BY_KIND[kind]]
    assert sorted(tried) == sorted(one.name for one in BY_KIND["world"])


def test_topology_is_given_no_name_that_fits_several() -> None:
    """It refuses one that is ambiguous."""
    given = [one.name for kind, words, _ in TO_TRY for one in BY_KIND[kind] if words == ("topology",)]
    assert given
    assert [name for name in given if "*" in name] == []
