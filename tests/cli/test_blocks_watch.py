"""Watching a block: the loop over an account on a clock of its own, and the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from opsctl.cli.commands.blocks_watch import code_after, told
from opsctl.cli.commands.blocks_watch_loop import WatchLoop
from opsctl.model.watch import Seen, Unwatched, WatchReport
from opsctl.render.views.watch import markdown_watch, render_watch, short_watch
from opsctl.sandbox.attack import Attack
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.engine.traffic_sending import attack
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.command import opsctl, opsctl_process
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.timed import MovingClock, timed_world

BLOCKED = "198.51.100.200"


class Attacked(MovingClock):
    """Time in which somebody sends requests every ten seconds or so."""

    def __init__(self, world: World, about: Conditions, address: str) -> None:
        super().__init__(about)
        self._conditions = about
        self._send: Callable[[], object] = lambda: attack(
            world.account, REGION, client, about, Attack(address=address, target="direct-alb", requests=3)
        )
        self._next = self.now() + 5

    def sleep(self, seconds: float) -> None:
        super().sleep(max(seconds, 5))
        if self.now() >= self._next:
            self._next += 10
            self._send()


def watched(address: str, seconds: int, stop_after: int = 10_000) -> tuple[WatchReport, list[str]]:
    lines: list[str] = []
    with timed_world(seed_network) as (world, about):
        clock = Attacked(world, about, address)
        world.clock = clock
        loop = WatchLoop(
            addresses=(address,),
            target="direct.example.com",
            about=world.about(),
            reader=world.reader,
            clock=clock,
            stopping=lambda: len(lines) > stop_after,
            progress=lines.append,
        )
        return loop.run(seconds), lines


def test_a_watch_tells_what_is_refused_as_it_comes_and_what_it_cannot_see() -> None:
    found, lines = watched(BLOCKED, 40)
    assert (found.refused, found.seconds, found.stopped, found.passing) == (12, 40, False, ())
    assert ["nothing seen yet" in lines[1], "9 refused" in lines[-2]] == [True, True]
    assert "VPC flow logs" in {one.what for one in found.unwatched}
    text = render_watch(found, width=100, colour=False)
    assert "12 requests refused from 198.51.100.200 at direct.example.com in 40s" in text
    assert "rule known-scanners of web ACL direct-acl" in " ".join(text.split())
    assert code_after(0, found) == 0


def test_what_passes_still_is_in_capitals_and_is_a_check_that_does_not_hold() -> None:
    found, _ = watched("203.0.113.9", 20)
    assert code_after(0, found) == 6
    assert code_after(1, found) == 1
    for text in (render_watch(found, width=80, colour=False), markdown_watch(found), short_watch(found)):
        assert "PASSES STILL" in text


def test_a_watch_that_is_stopped_shows_what_was_seen_until_then() -> None:
    found, _ = watched(BLOCKED, 3600, stop_after=3)
    assert (found.stopped, found.seconds < 60, found.refused > 0) == (True, True, True)
    assert "ended early" in render_watch(found, width=80, colour=False)


def test_a_second_interrupt_shows_what_was_seen_as_well() -> None:
    with timed_world(seed_network) as (world, about):
        clock = Attacked(world, about, BLOCKED)
        world.clock = clock
        lines: list[str] = []

        def impatient() -> bool:
            if len(lines) > 3:
                raise KeyboardInterrupt
            return False

        loop = WatchLoop(
            addresses=(BLOCKED,),
            target="direct.example.com",
            about=world.about(),
            reader=world.reader,
            clock=clock,
            stopping=impatient,
            progress=lines.append,
        )
        found = loop.run(600)
    assert (found.stopped, found.refused > 0, found.passing) == (True, True, ())


def test_nothing_seen_is_said_with_what_could_not_be_looked_at() -> None:
    report = WatchReport(
        addresses=("2001:db8::/64",),
        target="shop\x1b[31m<b>",
        began="2026-01-01T00:00:00Z",
        ended="2026-01-01T00:05:00Z",
        seconds=300,
        unwatched=(Unwatched(what="VPC flow logs", why="access denied", todo="let the caller read them"),),
        late_s=360,
    )
    text = render_watch(report, width=80, colour=False)
    assert text.startswith("nothing seen from 2001:db8::/64 at shop")
    assert "\x1b" not in text
    assert "VPC flow logs: Access denied. Let the caller read them." in text
    assert "<b>" not in markdown_watch(report)
    assert told(report)["nothing"] is True


def test_what_two_sources_saw_of_the_same_requests_counts_once_and_two_rules_add_up() -> None:
    one = Seen(at="alb", source="samples", by="rule a", refused=5)
    other = Seen(at="alb", source="samples", by="rule b", refused=2)
    log = Seen(at="alb", source="log", by="web ACL", refused=6)
    flows = Seen(at="alb", source="flows", by="fl-1", unit="connections", refused=4)
    report = WatchReport(
        addresses=("203.0.113.9/32",), target="x", began="", ended="", seconds=1, seen=(one, other, log, flows)
    )
    assert report.refused_at == {("alb", "requests"): 7, ("alb", "connections"): 4}


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        (("block-ip", "203.0.113.9", "--target", "x", "--watch", "soon"), "is not a duration"),
        (("block-ip", "203.0.113.9", "--target", "x", "--watch", "2h"), "not between 1s and 1h"),
        (("block-ip", "203.0.113.9", "--target", "x", "--watch", "5m", "-n"), "nothing to watch"),
        (("block-ip", "203.0.113.9", "--target", "x", "--watch", "5m", "-o", "html"), "a page is one piece"),
        (("block-ip", "--country", "KP", "--target", "x", "--watch", "5m"), "it watches addresses"),
        (("blocks", "watch", "nobody", "--target", "x"), "not an IP address"),
    ],
)
def test_a_watch_that_cannot_be_is_refused_before_anything_is_called(
    tmp_path: Path, typed: tuple[str, ...], fault: str
) -> None:
    with fresh_world():
        done = opsctl_process(tmp_path, *typed)
        assert (done.returncode, fault in done.stderr.replace("\n", " ")) == (2, True), done.stderr


PASSED = Seen(at="direct-alb", source="samples", by="the default action", passed=3, passed_late=3, last_passed="x")


def _report(*seen: Seen) -> WatchReport:
    return WatchReport(
        addresses=("203.0.113.9/32",), target="direct", began="", ended="", seconds=9, seen=seen, late_s=360
    )


@pytest.mark.parametrize(("seen", "code"), [((), 0), ((PASSED,), 6)])
def test_what_a_watch_saw_is_in_the_result_of_the_block_and_decides_what_it_exits_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: tuple[Seen, ...], code: int
) -> None:
    monkeypatch.setattr("opsctl.cli.commands.blocks_watch.watched", lambda *_: _report(*seen))
    typed = ("block-ip", "203.0.113.9", "--target", "direct.example.com", "--watch", "9s", "--yes")
    with fresh_world(seed_network):
        done = opsctl(tmp_path, *typed, "-o", "json")
        told_ = json.loads(done.stdout)
        assert (done.returncode, told_["exit_code"], told_["outcome"]) == (code, code, "done")
        assert (told_["result"]["watch"]["seconds"], told_["result"]["status"]) == (9, "done")
        again = opsctl(tmp_path, *typed)  # the block stands: nothing is to be done, and it is watched all the same
        assert again.returncode == code
        end = again.stdout.strip().splitlines()
        assert any("203.0.113.9" in line and "9s" in line for line in end[-5:])
        assert ("PASSES STILL" in again.stdout) is bool(seen)


def test_a_watch_by_itself_ends_when_somebody_stops_it_and_has_a_form_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsctl.cli.terminal.StopFlag.__call__", lambda _flag: True)
    with fresh_world(seed_network):
        for form in ("text", "markdown", "short"):
            done = opsctl(tmp_path, "blocks", "watch", "203.0.113.9", "--target", "direct-alb", "-o", form)
            assert (done.returncode, "nothing seen from 203.0.113.9" in done.stdout) == (0, True)
        done = opsctl(tmp_path, "blocks", "watch", "203.0.113.9", "--target", "direct-alb", "-o", "json")
        found = json.loads(done.stdout)["result"]
        assert (found["stopped"], found["nothing"], found["refused"]) == (True, True, 0)
        assert any(one["what"] == "VPC flow logs" for one in found["unwatched"])
        done = opsctl(tmp_path, "blocks", "watch", "203.0.113.9", "--target", "nobody.example.com")
        assert (done.returncode, done.stdout, "--target" in done.stderr) == (2, "", True)


def test_a_saved_plan_is_watched_when_it_is_applied_and_a_run_when_it_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def watched_(_session: object, *what: object) -> WatchReport:
        asked.append(what)
        return _report()

    monkeypatch.setattr("opsctl.cli.commands.blocks_watch.watched", watched_)
    plan = str(tmp_path / "plan.json")
    with fresh_world(seed_network):
        opsctl(tmp_path, "block-ip", "203.0.113.9", "--target", "direct.example.com", "--out", plan)
        digest = json.loads(Path(plan).read_text())["digest"]
        for typed in (("apply", plan, "--digest", digest, "--yes"), ("verify", "last")):
            done = opsctl(tmp_path, *typed, "--watch", "9s", "-o", "json")
            found = json.loads(done.stdout)
            assert (done.returncode, found["result"]["watch"]["nothing"]) == (0, True)
        assert "nothing seen from 203.0.113.9" in opsctl(tmp_path, "verify", "last", "--watch", "9s").stdout
        assert asked == [(("203.0.113.9/32",), "direct.example.com", 9)] * 3
        opsctl(tmp_path, "undo", "last", "--yes")
        refused = opsctl(tmp_path, "verify", "last", "--watch", "9s")
        assert (refused.returncode, "there is no block to watch" in refused.stderr.replace("\n", " ")) == (2, True)


def test_what_blocks_no_addresses_is_not_watched(tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    with fresh_world(seed_network):
        opsctl(tmp_path, "lock-origin", "shop.example.com", "--out", plan)
        done = opsctl(tmp_path, "apply", plan, "--watch", "9s")
        assert (done.returncode, "only what block-ip blocks" in done.stderr.replace("\n", " ")) == (2, True)
        done = opsctl(tmp_path, "apply", plan, "--watch", "9s", "--dry-run")
        assert (done.returncode, "nothing to watch" in done.stderr) == (2, True)
