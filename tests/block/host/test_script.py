"""The scripts for host firewalls, run in guests of the sandbox and by the real programs where they are."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from opsctl.block.host.reading import HostReading, parse_reading
from opsctl.block.host.script import HostBlock, block_script, proof_script, undo_script
from opsctl.block.terms import Term
from opsctl.sandbox.engine.guest import Guest, System
from opsctl.sandbox.engine.guest_shell import Shell
from tests.kit.real_firewall import missing, real_runs

END = "2036-01-15T08:00:00Z"
HOSTILE = "user/o'hara\"$(reboot)`x`;\n| {"
TERM = Term(until=END, since="2026-12-01T08:00:00Z", by=HOSTILE, incident="INC 12 } drop")
BOTH = ("203.0.113.9", "198.51.100.0/24", "198.51.100.7", "2001:db8::/64")
NETWORKS = {"203.0.113.9/32", "198.51.100.0/24", "2001:db8::/64"}
FIRST, SECOND = "20261201-112003-ab12", "20261201-112004-cd34"
VERSION_OF = {"nft": "2023", "iptables": "16.04"}


class Machine(Guest):
    """A guest without an instance, on a clock of its own."""

    time = 1_800_000_000.0

    def now(self) -> float:
        """The moment that a test has set."""
        return self.time

    def _device_files(self) -> dict[str, str]:
        return {}


def machine(program: str) -> Machine:
    return Machine(None, None, System("linux", VERSION_OF[program], "", "", ""))


def run(guest: Machine, script: Sequence[str]) -> tuple[int, str]:
    done = Shell(guest).run("\n".join(script))
    assert not done.err, done.err
    return done.code, done.out


def read(guest: Machine, block: HostBlock) -> HostReading:
    reading = parse_reading(run(guest, proof_script(block))[1])
    assert reading is not None
    return reading


@pytest.fixture(params=["nft", "iptables"])
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_network_is_dropped_until_its_end_and_one_inside_another_is_left_out(program: str) -> None:
    guest, block = machine(program), HostBlock.of(FIRST, BOTH, TERM)
    assert run(guest, block_script(block)) == (0, "")
    reading = read(guest, block)
    assert (set(reading.dropped(guest.time)), reading.program) == (NETWORKS, program)
    assert {round(one.until) for one in reading.rules} == {block.ends}
    assert reading.dropped(block.ends) == ()


def test_a_second_run_of_the_script_changes_nothing(program: str) -> None:
    guest, block = machine(program), HostBlock.of(FIRST, BOTH, TERM)
    run(guest, block_script(block))
    first = read(guest, block)
    run(guest, block_script(block))
    assert read(guest, block).rules == first.rules


def test_undo_leaves_what_another_run_blocks_and_then_nothing_at_all(program: str) -> None:
    guest = machine(program)
    mine, theirs = HostBlock.of(FIRST, BOTH, TERM), HostBlock.of(SECOND, BOTH[:1], None)
    for block in (mine, theirs):
        run(guest, block_script(block))
    assert run(guest, undo_script(mine))[0] == 0
    assert read(guest, theirs).dropped(guest.time) == ("203.0.113.9/32",)
    assert run(guest, proof_script(mine))[0] == 1, "it is not there any more"
    run(guest, undo_script(theirs))
    assert run(guest, undo_script(theirs))[0] == 0, "twice is as good as once"
    left: dict[object, object] = {
        "nft": {},
        ("raw", 4): {"PREROUTING": [], "OUTPUT": []},
        ("raw", 6): {"PREROUTING": [], "OUTPUT": []},
    }
    assert all(value == left[key] for key, value in guest.memory.items())


def test_what_has_ended_is_swept_away_with_the_next_script(program: str) -> None:
    guest = machine(program)
    ended, later = HostBlock.of(FIRST, BOTH, TERM), HostBlock.of(SECOND, ("192.0.2.1",), None)
    run(guest, block_script(ended))
    guest.time = ended.ends + 1.0
    assert run(guest, block_script(ended)) == (5, "by the clock of this machine the block has ended\n")
    run(guest, block_script(later))
    assert FIRST not in str(guest.memory)
    assert read(guest, later).dropped(guest.time) == ("192.0.2.1/32",)


def test_a_machine_with_neither_says_so_and_nothing_is_done() -> None:
    guest = machine("nft")
    guest.program = lambda name: None if name in ("nft", "iptables") else Guest.program(guest, name)  # type: ignore[method-assign]
    code, said = run(guest, block_script(HostBlock.of(FIRST, BOTH, TERM)))
    assert (code, said) == (4, "neither nft nor iptables is there\n")
    assert guest.memory == {}


@pytest.mark.parametrize("write", [block_script, proof_script, undo_script])
def test_no_text_of_a_person_reaches_the_shell_as_more_than_text(write: object, tmp_path: Path) -> None:
    assert callable(write)
    script = "\n".join(write(HostBlock.of(f"{FIRST}$(x)", BOTH, TERM)))
    assert not any(one in script for one in ("reboot)", "`", "o'hara", "(x)", "} drop"))
    checked = subprocess.run(["sh", "-n", "-c", script], capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.skipif(bool(missing()), reason=missing() or "-")
def test_the_real_program_comes_to_the_same(program: str, tmp_path: Path) -> None:
    """nftables and iptables of this machine, on its kernel: what no guest of ours has a say in."""
    mine, theirs = HostBlock.of(FIRST, BOTH, TERM), HostBlock.of(SECOND, BOTH[:1], None)
    scripts = [
        *(block_script(one) for one in (mine, mine, theirs)),
        *(proof_script(one) for one in (mine, theirs)),
        *(undo_script(one) for one in (mine, mine)),
        *(proof_script(one) for one in (mine, theirs)),
        undo_script(theirs),
        ("nft list ruleset; iptables -t raw -S; ip6tables -t raw -S",),
    ]
    guest = machine(program)
    real = real_runs(scripts, program, tmp_path)
    ours = [run(guest, one) for one in scripts[:-1]]
    assert [code for code, _ in real[:-1]] == [code for code, _ in ours] == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    for (_, said), (_, told) in zip(real[:-1], ours, strict=True):
        one, other = parse_reading(said), parse_reading(told)
        assert (one and one.dropped(one.at)) == (other and other.dropped(other.at)) or (
            one and other and set(one.dropped(one.at)) == set(other.dropped(other.at))
        )
    assert "opsctl" not in real[-1][1], "nothing is left behind"
