"""Every form shows every change, warning and owner, and account text is inert in all of them."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.model.binary import binary
from opsctl.model.changes import EditSpec, Element, Instruction, Irreversible
from opsctl.model.outcomes import Outcome
from opsctl.model.paths import Client, Graph, GraphEdge, GraphNode
from opsctl.model.plan import Finding, Plan
from opsctl.model.reads import Read
from opsctl.model.report import ChangeResult, CheckResult, Evidence, Report
from opsctl.model.value import Json
from opsctl.render import html_page, markdown, outcome, screen, short, terminal
from opsctl.render.alike import ONE_BY_ONE
from opsctl.render.inert import code_span, visible
from opsctl.render.inert import markdown as inert_markdown
from opsctl.render.instruction_words import details_of, undo_of, value_text
from opsctl.render.json_text import envelope_of, found_in, json_text, render_envelope
from opsctl.render.mermaid import render_mermaid
from opsctl.render.outcome_words import outcome_of, status_of
from opsctl.render.svg import render_svg
from opsctl.render.tree import render_tree
from opsctl.render.words import counts_of
from tests.kit.box_plans import irreversible, make_box, plan_of
from tests.render.sample import sample_decision, sample_plan, sample_report

HOSTILE = (
    "[red]name[/red]",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "<script>alert(1)</script>",
    "line\nbreak\r\nand | pipe",
    "``` `fence` ```",
    "](javascript:alert(1)) ![x](http://evil)",
    "\u202egnp.exe",
    "\U0001f4a9 four bytes",
    "a" * 500,
    '" onload="x" \' & &lt;',
    "\x9b31m C1",
)


def text_of(plan_text: str, width: int = 80) -> str:
    return terminal.render_plan(sample_plan(plan_text), width=width, colour=False, verbose=True)


def screen_of(plan_text: str, width: int = 80) -> str:
    return screen.render_plan(sample_plan(plan_text), width=width, colour=False)


def report_text(text: str, width: int = 80) -> str:
    return terminal.render_report(sample_report(text), width=width, colour=False)


def outcome_text(text: str, width: int = 80) -> str:
    return outcome.render_report(sample_report(text), width=width, colour=False)


def json_of(text: str) -> str:
    return render_envelope(command="x", exit_code=0, outcome=Outcome.PLANNED, result=sample_plan(text).to_json())


FORMS: dict[str, Callable[[str], str]] = {
    "text": text_of,
    "screen": screen_of,
    "text-report": report_text,
    "outcome": outcome_text,
    "short": lambda text: short.render_plan(sample_plan(text), "more: opsctl show p"),
    "short-report": lambda text: short.render_report(sample_report(text), "more: opsctl show r"),
    "json": json_of,
    "markdown": lambda text: markdown.render_plan(sample_plan(text)),
    "markdown-report": lambda text: markdown.render_report(sample_report(text)),
    "html": lambda text: html_page.render_plan(sample_plan(text)),
    "html-report": lambda text: html_page.render_report(sample_report(text)),
    "svg": lambda text: render_svg(sample_decision(text).graph),
    "mermaid": lambda text: render_mermaid(sample_decision(text).graph),
}


def flat(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_every_form_shows_every_change_warning_and_owner(form: str) -> None:
    shown = flat(FORMS[form]("shop-alb")).lower()
    plan = sample_plan()
    for change in plan.changes:
        assert flat(change.title).lower() in shown
        assert flat(change.why).lower() in shown
    for finding in plan.warnings:
        assert finding.id in shown
        assert flat(finding.because).lower() in shown
    assert "shop-alb" in shown
    for section in plan.sections:
        for cell in (section.title, *section.columns, *(cell for row in section.rows for cell in row)):
            assert flat(cell).lower() in shown
    assert "it is gone for good" in shown
    if form != "json":
        assert "will revert this change" in shown


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_every_form_names_the_configuration_files_in_use(form: str) -> None:
    shown = flat(FORMS[form]("shop"))
    assert "/home/responder/config.yaml" in shown
    assert "/srv/shop/opsctl.yaml (of this directory)" in shown


@pytest.mark.parametrize("form", ["text-report", "markdown-report", "html-report"])
def test_every_form_names_the_commands_to_type_next_and_what_they_are_good_for(form: str) -> None:
    shown = flat(FORMS[form]("shop-alb"))
    assert "opsctl dlq inspect shop-alb" in shown
    assert "what stayed of shop-alb" in shown


@pytest.mark.parametrize("form", ["text-report", "markdown-report", "html-report"])
def test_every_form_shows_what_was_found_of_a_run_and_when(form: str) -> None:
    shown = flat(FORMS[form]("shop-alb"))
    for at in ("2026-01-01T00:00:08Z", sample_plan().created, "2026-01-02T00:00:00Z"):
        assert at in shown, "when the check was judged, the ways were looked at before, and after"
    assert "Dropped by shop-alb." in shown
    assert "another way" in shown
    assert "was not there" in shown
    assert "DOES NOT HOLD: shop-alb is blocked" in shown


@pytest.mark.parametrize("render", [markdown.render_report, html_page.render_report])
def test_of_a_run_that_is_verified_every_day_the_last_days_are_told_and_how_many_more_there_are(
    render: Callable[[Report], str],
) -> None:
    held = CheckResult(says="closed", held=True)
    days = [Evidence(at=f"2026-02-{day:02}T00:00:00Z", by="verify", checks=(held,)) for day in range(1, 29)]
    shown = flat(render(sample_report().model_copy(update={"evidence": tuple(days)})))
    assert [day.at in shown for day in days] == [False] * 18 + [True] * 10
    assert "18 more times; -o json lists all" in shown


def test_what_cannot_be_taken_back_stands_on_the_page_outside_of_what_is_folded() -> None:
    page = html_page.render_plan(sample_plan("shop-alb"))
    open_part = "".join(part.partition("</details>")[2] for part in f"</details>{page}".split("<details"))
    for text in (
        "last: it is gone for good",
        "shop-alb will revert this when it is deployed again",
        "applying asks for the name shop-alb",
    ):
        assert text in open_part


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_control_character_survives_any_form(form: str, text: str) -> None:
    shown = FORMS[form](text)
    assert not [char for char in shown if char != "\n" and not char.isprintable()]


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(f"{tag}@{name}" for name, _ in attrs)}


@pytest.mark.parametrize("form", ["html", "html-report"])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_account_text_makes_no_tag_and_no_attribute_in_a_page(form: str, text: str) -> None:
    plain, hostile = Tags(), Tags()
    plain.feed(FORMS[form]("shop-alb"))
    hostile.feed(FORMS[form](text))
    assert hostile.seen == plain.seen
    assert "script" not in hostile.seen
    assert not [name for name in hostile.seen if "@on" in name or name.endswith(("@src", "@href"))]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_form_for_a_chat_is_six_lines_whatever_the_account_says(text: str) -> None:
    for form, last in (("short", "more: opsctl show p"), ("short-report", "more: opsctl show r")):
        lines = FORMS[form](text).splitlines()
        assert len(lines) <= 6
        assert lines[-1] == last
        assert max(map(len, lines)) <= short.LONGEST


def test_what_may_be_reviewed_is_folded_in_a_page_for_a_pull_request() -> None:
    shown = FORMS["markdown"]("shop-alb")
    in_sight, _, folded = shown.partition("<details>")
    assert shown.count("<details>") == shown.count("</details>") > 2
    for change in sample_plan().changes:
        assert flat(change.title) in flat(in_sight)
        assert change.api in folded


def test_a_page_forbids_itself_to_load_anything() -> None:
    page = FORMS["html"]("x")
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


@given(st.text(max_size=40))
@settings(max_examples=50)
def test_any_text_gives_well_formed_svg_and_json(text: str) -> None:
    Xml.fromstring(FORMS["svg"](text))  # noqa: S314 - our own output
    assert json.loads(FORMS["json"](text))["result"]["title"] == f"Block at {text}"


@given(st.text(max_size=60))
def test_inert_text_is_one_printable_line(text: str) -> None:
    assert visible(text).isprintable()
    assert "|" not in code_span(text).replace("\\|", "")
    assert not any(f"{mark}" in inert_markdown(text).replace(f"\\{mark}", "") for mark in "<`[]|*")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    plan = terminal.render_plan(sample_plan("shop-alb"), width=width, colour=False)
    assert max(len(line) for line in plan.splitlines()) <= width


@pytest.mark.parametrize("width", [60, 80, 120])
def test_an_arn_longer_than_the_terminal_is_never_broken(width: int) -> None:
    arn = f"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/{'a' * 60}/5a40c3a5c130715c"
    for shown in (text_of(arn, width), screen_of(arn, width), report_text(arn, width), outcome_text(arn, width)):
        assert shown.count("loadbalancer/app") == shown.count(arn) > 0


def test_a_command_to_type_next_is_one_line_however_narrow_the_terminal() -> None:
    long = "opsctl apply p.json --digest 0995ea2acd94 --profile b --role-arn arn:aws:iam::123456789012:role/a"
    shown = terminal.render_plan(sample_plan("x"), width=60, colour=False, following=[long])
    assert f"  next: {long}\n" in f"{shown}\n", "pasted in two, its first half would reach another account"
    report = sample_report("x").model_copy(update={"next": ("opsctl runs show r", long), "hint": long})
    lines = terminal.render_report(report, width=60, colour=False).splitlines()
    assert [line for line in lines if "next:" in line] == [f"  next: {long}", "  next: opsctl runs show r"]


def test_only_what_can_be_typed_as_it_stands_is_called_next() -> None:
    sentence = "opsctl resume r goes on from here, opsctl undo r sends nothing more"
    report = sample_report("x").model_copy(update={"next": ("opsctl resume r",), "hint": sentence})
    lines = terminal.render_report(report, width=100, colour=False).splitlines()
    assert [line for line in lines if "next:" in line] == ["  next: opsctl resume r"]
    assert f"  hint: {sentence}" in lines


def test_colour_is_there_only_when_asked_for() -> None:
    assert "\x1b[" in terminal.render_plan(sample_plan(), width=80, colour=True)
    assert "\x1b[" not in terminal.render_plan(sample_plan(), width=80, colour=False)


def test_a_node_that_is_reached_twice_is_drawn_once() -> None:
    lines = render_tree(sample_decision().graph)
    assert sum("shop-alb" in line and "see above" not in line and "─ " in line for line in lines) == 2
    assert any("(see above)" in line for line in lines)


def test_a_node_that_is_reached_twice_says_each_time_what_is_left_of_the_client() -> None:
    def node(name: str) -> GraphNode:
        return GraphNode(id=name, kind=name, label=name, client="header", gates=(f"gate of {name}",))

    def edge(source: str, target: str, leaves: Client = "source") -> GraphEdge:
        return GraphEdge(source=source, target=target, leaves=leaves)

    edges = (
        edge("internet", "cdn"),
        edge("internet", "nlb"),
        edge("cdn", "nlb", "header"),
        edge("nlb", "app"),
        edge("app", "disk", "gone"),
    )
    nodes = (node("internet"), *map(node, ("cdn", "nlb", "app", "disk")))
    assert render_tree(Graph(target="t", nodes=nodes, edges=edges)) == [
        "internet",
        "├─ cdn",
        "│  │  · sees the client's address",
        "│  │  · gate of cdn",
        "│  └─ nlb",
        "│     │  · client's address only in a header",
        "│     │  · gate of nlb",
        "│     └─ app",
        "│        │  · client's address only in a header",
        "│        │  · gate of app",
        "│        └─ disk",
        "│              · client's address only in a header",
        "│              · gate of disk",
        "└─ nlb (see above)",
        "   │  · sees the client's address",
        "   └─ app (see above)",
        "      │  · sees the client's address",
        "      └─ disk (see above)",
        "            · client's address is gone",
    ]


def test_the_tree_of_a_graph_that_an_older_version_drew_says_the_least_that_is_known() -> None:
    graph = sample_decision().graph
    assert all(edge.leaves is None for edge in graph.edges)
    assert "  · client's address only in a header" in "\n".join(render_tree(graph))


def test_a_flowchart_says_on_its_edges_where_the_client_is_lost() -> None:
    graph = sample_decision().graph
    arrives: dict[str, tuple[Client, ...]] = {"internet": ("source",), "d": ("header",)}
    edges = tuple(edge.model_copy(update={"arrives": arrives[edge.source]}) for edge in graph.edges)
    shown = render_mermaid(graph.model_copy(update={"edges": edges}))
    assert "n0 --> n1" in shown, "nothing is lost, and there is no other way"
    assert """n1 -->|"shop-alb, client's address only in a header"| n2""" in shown
    assert """n0 -->|"sees the client's address"| n2""" in shown
    assert ":::mixed" in shown


def test_a_query_picks_from_the_envelope() -> None:
    envelope = envelope_of(command="x", exit_code=0, outcome=Outcome.DONE, result=[{"id": 1}])
    assert found_in(envelope, "result[].id") == [1]
    assert found_in(envelope, "") == envelope


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("a b", "a b\n"),
        (["a", "b"], "a\nb\n"),
        ([], ""),
        (None, ""),
        (7, "7\n"),
        (["a", 7], '[\n  "a",\n  7\n]\n'),
        (["a\nb"], '[\n  "a\\nb"\n]\n'),
        (["a", "b\n"], '[\n  "a",\n  "b\\n"\n]\n'),
        ("a\nb", "a\nb\n"),
    ],
    ids=str,
)
def test_raw_prints_strings_bare_and_never_one_as_two(found: Json, shown: str) -> None:
    assert json_text(found, raw=True) == shown


def test_bare_text_of_the_account_is_whole_in_a_file_and_harmless_on_a_terminal() -> None:
    assert json_text("\x1b[31mred", raw=True) == "\x1b[31mred\n"
    assert "\x1b" not in json_text("\x1b[31mred", raw=True, on_terminal=True)
    assert "\x1b" not in json_text(["\x1b[31mred"], raw=True, on_terminal=True)


def test_a_long_list_is_one_line_on_the_screen_and_whole_in_the_details_and_in_json() -> None:
    affected = json.loads(FORMS["json"]("x"))["result"]["changes"][0]["risk"]["affects"]
    assert len(affected) == 9
    assert "(8 more)" in FORMS["screen"]("x")
    assert not [one for one in affected if one not in flat(FORMS["text"]("x"))]


@pytest.mark.parametrize("form", [markdown.render_plan, html_page.render_plan])
def test_an_undo_is_named_only_where_something_can_be_undone(form: Callable[[Plan], str]) -> None:
    plan = plan_of(make_box("b", "x"))
    assert f"opsctl undo {plan.id}" in form(plan)
    assert f"opsctl undo {plan.id}" not in form(plan_of(irreversible(make_box("b", "x"))))
    assert f"opsctl undo {plan.id}" not in form(plan.model_copy(update={"undo_of": "20260101-000000-aaaa"}))


def test_a_chat_is_told_what_few_changes_do_and_of_many_how_many_they_are() -> None:
    two = plan_of(make_box("a", "x"), make_box("b", "x"))
    assert all(change.title in short.render_plan(two, "more") for change in two.changes)
    many = plan_of(*(make_box(f"box-{number}", "x") for number in range(5)))
    assert many.changes[0].title not in short.render_plan(many, "more")


_LONG = "what was written to the disk since the image was made is lost with the instance " * 3


@pytest.mark.parametrize(
    ("evidence", "whole"),
    [
        pytest.param((f"{_LONG}--mode asg keeps it",), True, id="flag"),
        pytest.param((f"{_LONG}opsctl dlq import FILE",), True, id="command"),
        pytest.param((_LONG, f"{_LONG}aws ec2 stop-instances"), True, id="not-the-first"),
        pytest.param((f"{_LONG}--layer nacl was asked for",), False, id="typed-already"),
        pytest.param((f"{_LONG}and gone",), False, id="nothing-to-type"),
    ],
)
def test_a_warning_takes_two_lines_unless_it_names_what_is_to_be_typed(
    evidence: tuple[str, ...], *, whole: bool
) -> None:
    plan = sample_plan().model_copy(update={"warnings": (Finding(id="w", because="look", evidence=evidence),)})
    shown = screen.render_plan(plan, width=80, colour=False)
    assert (evidence[-1].strip()[-12:] in flat(shown)) is whole
    assert shown.count("…") == (0 if whole else 1)


def test_the_one_change_that_cannot_be_undone_says_why_and_of_several_which_it_is() -> None:
    lone = irreversible(make_box("a", "x"))
    says = lone.undo.because if isinstance(lone.undo, Irreversible) else ""
    assert f"cannot be undone: {says}" in screen.render_plan(plan_of(lone), width=80, colour=False)
    both = screen.render_plan(plan_of(lone, make_box("b", "x")), width=80, colour=False)
    assert f"cannot be undone: {lone.title}" in both


def test_of_many_changes_those_alike_that_cannot_be_undone_are_one_line() -> None:
    many = [irreversible(make_box(f"s{number}/make", "x")) for number in range(ONE_BY_ONE + 1)]
    shown = screen.render_plan(plan_of(*many), width=80, colour=False)
    (line,) = [one for one in shown.splitlines() if "cannot be undone: " in one]
    assert line.endswith(f"({len(many)})")


def test_bytes_are_shown_by_size_and_digest_in_every_form() -> None:
    value = {"Code": {"ZipFile": binary(b"x" * 3000)}}
    assert "3,000 bytes" in value_text(value)
    assert len(value_text(value)) < 100


def test_every_kind_of_element_of_an_edit_can_be_shown() -> None:
    read = Read(service="scheduler", operation="GetSchedule")
    ops = [Element.model_validate({"op": op, "at": "a.b", "value": 1}) for op in ("add", "remove", "set", "unset")]
    edit = EditSpec(read=read, carry={"a": "a"}, elements=tuple(ops))
    shown = details_of(Instruction(kind="edit", service="scheduler", operation="UpdateSchedule", edit=edit), {})
    assert shown[:4] == ["+ 1 at a.b", "- 1 at a.b", "= 1 at a.b", "- a.b"]
    assert "no lock" in shown[4]


def test_a_failed_run_that_cannot_be_undone_does_not_offer_it() -> None:
    report = sample_report().model_copy(update={"status": "failed"})
    final = [change.model_copy(update={"undo": Irreversible(because="gone")}) for change in report.plan.changes]
    lasting = report.model_copy(update={"plan": report.plan.model_copy(update={"changes": tuple(final)})})
    assert outcome_of(report) == "Failed: the run can be resumed or undone"
    assert outcome_of(lasting) == "Failed: the run can be resumed"


def test_what_stays_of_a_change_that_is_undone_is_said_where_the_undo_is() -> None:
    change = make_box("web", "make").model_copy(update={"lasting": "what was sent is sent"})
    assert undo_of(change) == "box.DropBox; but what was sent is sent"
    assert counts_of(plan_of(change)).endswith("; all can be undone, 1 only in part.")
    assert counts_of(plan_of(make_box("web", "make"))).endswith("; all can be undone.")


def test_a_plan_that_only_reads_does_not_speak_of_undoing() -> None:
    looks = Irreversible(because="the script changes nothing", only_reads=True)
    plan = plan_of(make_box("web", "look").model_copy(update={"undo": looks}))
    assert counts_of(plan).endswith("; nothing is changed.")
    assert "undone" not in screen.render_plan(plan, width=80, colour=False)


@pytest.mark.parametrize("form", [markdown.render_plan, html_page.render_plan])
def test_an_undo_that_is_only_shown_says_why_it_names_no_plan(
    form: Callable[[Plan, tuple[str, ...]], str],
) -> None:
    plan, following = plan_of(make_box("b", "x")), ("opsctl undo 20260101-000000-aaaa",)
    undo = plan.model_copy(update={"undo_of": "20260101-000000-aaaa"})
    told = [form(one, following) for one in (undo, plan)]
    told += [screen.render_plan(one, width=200, colour=False, following=following) for one in (undo, plan)]
    assert ["is made anew" in text for text in told] == [True, False, True, False]
    assert f"opsctl verify {plan.id}" not in told[0]  # what it will be called nobody knows yet


def test_a_plan_without_changes_does_not_claim_that_all_is_well_over_its_warnings() -> None:
    plan = sample_plan().model_copy(update={"changes": ()})
    assert counts_of(plan) == "No changes, and 3 warnings."
    assert counts_of(plan.model_copy(update={"warnings": plan.warnings[:1]})) == "No changes, and 1 warning."
    assert counts_of(plan.model_copy(update={"warnings": ()})).startswith("No changes: the account is as wanted")


def test_what_a_job_is_told_is_listed_part_by_part_and_not_as_one_clipped_json() -> None:
    subject = {"group": "ha-web", "zone": "", "volumes": {"/dev/sdf": "vol-1"}, "marks": ["a", "b"], "none": {}}
    far = {f"key{number}": "x" * 30 for number in range(3)}
    told = Instruction(
        kind="job", service="opsctl", operation="ha.drill", params={"subject": subject, "rate": 0, "far": far}
    )
    assert details_of(told, {}) == [
        "subject.group = ha-web",
        "subject.volumes = /dev/sdf: vol-1",
        "subject.marks = a, b",
        *(f"far.key{number} = {'x' * 30}" for number in range(3)),
    ]


def test_a_part_of_an_undo_that_was_not_needed_is_not_called_kept_for_others() -> None:
    change = sample_plan().changes[0]
    inverse, part = (change.model_copy(update={"id": name}) for name in ("undo:part", "part"))
    told = [status_of(one, ChangeResult(change_id=one.id, status="kept")) for one in (inverse, part)]
    assert told == ["kept: others rely on it, or it is gone", "left out: not called for"]
