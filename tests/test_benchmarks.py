"""The benchmarks that the README names can still be run, and compare what they say they compare."""

import pytest

from benchmarks.comparison import compare
from benchmarks.detection import ADDRESS, TARGET, sequential
from benchmarks.world import BigAccount
from opsctl.block.decision import Decision
from opsctl.block.facts.block_decision import BlockDecision


def test_a_script_takes_more_calls_with_each_resource_and_deciding_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def account() -> BigAccount:
        return BigAccount(balancers=20, distributions=10, acls=10, delay_s=1e-6)

    found, looked_at = compare(BlockDecision(target=TARGET, addresses=(ADDRESS,)), account, sequential)
    assert isinstance(found, Decision)
    assert found.ways
    assert looked_at == 20
    ours, theirs = (int(line.split(" calls ")[0].split()[-1]) for line in capsys.readouterr().out.splitlines()[:2])
    assert ours < 30 < 20 * 3 < theirs
