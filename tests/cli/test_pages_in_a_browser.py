"""The pages as a real browser lays them out, colours and prints them: on desk, phone and paper, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.model.paths import Graph, GraphEdge, GraphNode
from opsctl.model.plan import Plan
from opsctl.render import html_page
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.browser import Browser, Tab, browser, pages_of
from tests.kit.command import opsctl
from tests.kit.moto_account import fresh_world
from tests.render.sample import sample_decision, sample_plan, sample_report
from tests.render.test_renderers import HOSTILE

pytestmark = pytest.mark.browser

DESK, PHONE = (1200, 900), (390, 844)
READABLE_PX = 9.5
CONTRAST = 4.5
"""Of text with what is behind it, at the least: WCAG 2.2, success criterion 1.4.3."""

CONTRASTS = """
(() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ratio = (one, two) => { const [a, b] = [light(one), light(two)].sort((x, y) => y - x);
    return (a + .05) / (b + .05); };
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const box = one.tagName === 'svg' && one.querySelector(':scope > rect');
      const found = parts(box ? getComputedStyle(box).fill : getComputedStyle(one).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const said = [...document.body.querySelectorAll('*')].filter(one =>
    !['title', 'style'].includes(one.tagName.toLowerCase()) && one.getClientRects().length
    && [...one.childNodes].some(child => child.nodeType === 3 && child.textContent.trim()));
  return said.map(one => {
    const style = getComputedStyle(one);
    const ink = parts(one.tagName === 'text' ? style.fill : style.color);
    return [ratio(ink, behind(one)), one.textContent.slice(0, 40)];
  });
})()
"""
DRAWN = """
[...document.querySelectorAll('figure')].map(figure => {
  const seen = [...figure.querySelectorAll('svg.ways')].filter(svg => svg.getClientRects().length);
  const svg = seen[0], box = svg.getBoundingClientRect();
  const bars = [...svg.querySelectorAll('path.bar')].map(bar => bar.getBoundingClientRect());
  const stopping = [...svg.querySelectorAll('rect.stopping')].map(rect => rect.getBoundingClientRect());
  const apart = (bar, rect) => Math.max(rect.left - bar.right, bar.left - rect.right, 0)
    + Math.max(rect.top - bar.bottom, bar.top - rect.bottom, 0);
  return {
    drawings: seen.length, width: box.width, height: box.height,
    text: 11 * box.width / svg.viewBox.baseVal.width,
    open: svg.querySelectorAll('path.open').length, stopping: stopping.length,
    bars: bars.map(bar => Math.min(...stopping.map(rect => apart(bar, rect)))),
    cut: [...svg.querySelectorAll('svg > text')].filter(text => { const line = text.getBBox();
      return line.x + line.width > text.parentElement.width.baseVal.value; }).map(text => text.textContent),
  };
})
"""
SQUEEZED = """
[...document.querySelectorAll('.short, th')].filter(one => {
  const range = document.createRange();
  range.selectNodeContents(one);
  return new Set([...range.getClientRects()].map(rect => Math.round(rect.top))).size > 1;
}).map(one => one.textContent)
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of a block of one address, its plan and its run, which was verified; and of hostile names."""
    home = tmp_path_factory.mktemp("pages")
    target = ("block-ip", "203.0.113.9", "--target", "shop.example.com")
    with fresh_world(seed_network):
        told = {"plan": opsctl(home, *target, "-n", "-o", "html").stdout}
        assert opsctl(home, *target, "--yes").returncode == 0
        assert opsctl(home, "verify", "last").returncode == 0
        told["run"] = opsctl(home, "show", "last", "-o", "html").stdout
    hostile = " ".join(HOSTILE)
    told["large plan"] = html_page.render_plan(large_plan())
    told["hostile plan"] = html_page.render_plan(sample_plan(hostile))
    told["hostile run"] = html_page.render_report(sample_report(hostile))
    for name, text in told.items():
        (home / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: home / f"{name}.html" for name in told}


def large_plan() -> Plan:
    """A plan for three distributions in front of a load balancer with forty instances behind it."""

    def node(kind: str, name: str) -> GraphNode:
        return GraphNode(id=name, kind=kind, label=f"{kind} of some length {name}", client="source")

    edges = [(source, f"E{n}") for source in ("internet",) for n in range(3)]
    edges += [(f"E{n}", "alb") for n in range(3)] + [("alb", "group")]
    edges += [("group", f"i-{n}") for n in range(40)]
    nodes = [node("internet", "internet"), *(node("distribution", f"E{n}") for n in range(3)), node("alb", "alb")]
    nodes += [node("target_group", "group"), *(node("instance", f"i-{n}") for n in range(40))]
    drawn = [GraphEdge(source=one, target=two, leaves="source", arrives=("source",)) for one, two in edges]
    graph = Graph(target="large", nodes=tuple(nodes), edges=tuple(drawn))
    way = sample_decision().ways[0].model_copy(update={"edges": tuple(edges)})
    paths = sample_decision().model_copy(update={"graph": graph, "ways": (way,), "standing": "0 of 1 ways closed"})
    return sample_plan().model_copy(update={"paths": paths.model_dump(mode="json")})


def opened(chromium: Browser, page: Path, size: tuple[int, int], scheme: str = "light") -> Tab:
    return chromium.open(page, width=size[0], height=size[1], scheme=scheme)


@pytest.mark.parametrize("size", [DESK, PHONE, (320, 640)], ids=["desk", "phone", "small-phone"])
def test_nothing_is_wider_than_the_window(
    chromium: Browser, pages: dict[str, Path], size: tuple[int, int]
) -> None:
    for name, page in pages.items():
        tab = opened(chromium, page, size)
        tab.ask("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert tab.ask("document.documentElement.scrollWidth") == size[0], name
        tab.close()


def test_a_change_is_a_line_on_a_desk_and_no_state_or_heading_is_squeezed(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    tall = "one => one.offsetHeight / parseFloat(getComputedStyle(one).fontSize)"
    for name in ("plan", "run"):
        tab = opened(chromium, pages[name], DESK)
        lines = tab.ask(f"[...document.querySelectorAll('summary')].map({tall})")
        assert len(lines) > 9, name
        assert max(lines) < 3, name
        assert tab.ask(SQUEEZED) == [], name
        tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_what_is_behind_it(
    chromium: Browser, pages: dict[str, Path], scheme: str
) -> None:
    for name in ("plan", "run", "hostile run"):
        tab = opened(chromium, pages[name], PHONE, scheme)
        found = tab.ask(CONTRASTS)
        assert len(found) > 50, name
        assert [one for one in found if one[0] < CONTRAST] == [], name
        tab.close()


def test_the_page_is_dark_for_who_likes_it_dark_and_paper_is_white(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    behind = "getComputedStyle(document.body).backgroundColor"
    box = "getComputedStyle(document.querySelector('.landscape rect')).fill"
    folded = "[...document.querySelectorAll('.aside')].map(one => one.offsetHeight > 0)"
    white = "rgb(255, 255, 255)"
    for scheme, printed, expected in (
        ("light", False, (white, white)),
        ("dark", False, ("rgb(23, 23, 28)", "rgb(36, 36, 43)")),
        ("dark", True, (white, white)),
    ):
        tab = opened(chromium, pages["plan"], DESK, scheme)
        if printed:
            tab.on_paper(scheme)
            assert [one for one in tab.ask(CONTRASTS) if one[0] < CONTRAST] == []
        assert (tab.ask(behind), tab.ask(box)) == expected
        assert set(tab.ask(folded)) == {not printed}, "what nobody opened is not on paper"
        tab.close()


def test_the_words_of_a_large_drawing_stay_readable_and_it_is_not_endless(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    for size in (DESK, PHONE):
        for one in drawings(chromium, pages["large plan"], size):
            assert one["text"] >= READABLE_PX
            assert one["height"] < 1200


def drawings(chromium: Browser, page: Path, size: tuple[int, int]) -> list[dict[str, Any]]:
    tab = opened(chromium, page, size)
    found: list[dict[str, Any]] = tab.ask(DRAWN)
    tab.close()
    return found


@pytest.mark.parametrize("name", ["plan", "run"])
def test_the_drawing_lies_on_a_desk_stands_on_a_phone_and_shows_before_and_after_where_it_is_stopped(
    chromium: Browser, pages: dict[str, Path], name: str
) -> None:
    for size, upright in ((DESK, False), (PHONE, True)):
        before, after = drawings(chromium, pages[name], size)
        for one in (before, after):
            assert one["drawings"] == 1
            assert (one["height"] > one["width"]) is upright
            assert one["text"] >= READABLE_PX
            assert one["cut"] == []
        assert (before["bars"], before["stopping"]) == ([], 0)
        assert len(after["bars"]) == after["stopping"] == 2, "at the distribution, and at the load balancer"
        assert max(after["bars"]) < 12, "a bar stands before what stops"
        assert before["open"] > after["open"] > 0, "it gets less far than before"


@pytest.mark.parametrize("name", ["plan", "run"])
def test_a_block_of_one_address_is_printed_on_two_pages(
    chromium: Browser, pages: dict[str, Path], name: str
) -> None:
    tab = opened(chromium, pages[name], DESK)
    assert 0 < pages_of(tab.printed()) < 3
    tab.close()


def test_names_of_strangers_run_nothing_and_load_nothing(chromium: Browser, pages: dict[str, Path]) -> None:
    for name in ("hostile plan", "hostile run"):
        tab = opened(chromium, pages[name], DESK)
        tab.ask("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert tab.requests() == []
        assert tab.complaints() == []
        assert tab.ask("document.querySelectorAll('script, img, iframe, a, form, [onload], [style]').length") == 0
        assert tab.ask("document.body.innerText.includes('<script>alert(1)</script>')"), "it is there, as text"
        tab.close()
