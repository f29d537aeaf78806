"""Records of blocks as tags: whatever people write fits AWS's own limits, and comes back as it was meant."""

import re

import botocore.session
import pytest

from opsctl.block.recording import says_nothing
from opsctl.block.records import (
    PARTS_AT_MOST,
    PREFIX,
    BlockList,
    Ledger,
    is_recorded_as,
    is_recorded_for,
    list_prefix,
    parse_ledger,
    tags_of,
)
from opsctl.block.terms import NEVER, Term, ends_at, lasts_longer, parse_moment, who
from opsctl.model.networks import normal

RUN = "20261201-080000-abcd"
TERM = Term(
    until="2026-12-02T08:00:00Z",
    since="2026-12-01T08:00:00Z",
    by="Admin/alice@example.com",
    reason="credential stuffing",
    incident="INC-12",
    target="shop.example.com",
)
HOSTILE = '"quotes", #tags; <b>\n\x1b[31m until=never 198.51.100.1 \u202e' + "x" * 400
FOUR = [f"203.0.113.{one}/32" for one in range(40)]
SIX = [f"2001:db8:85a3:8d3:1319:8a2e:370:{one:x}/128" for one in range(0x7340, 0x7340 + 30)]


def of_aws(tags: dict[str, str]) -> None:
    """Hold tags to what the service model of AWS WAF says of keys and values, and EC2 of the length of keys."""
    model = botocore.session.get_session().get_service_model("wafv2")
    for shape, texts in (("TagKey", tags), ("TagValue", tags.values())):
        told = model.shape_for(shape).metadata
        pattern = told["pattern"].replace(r"\p{L}\p{Z}\p{N}", r"A-Za-z0-9 ")
        assert all(re.fullmatch(pattern, text) for text in texts)
        assert all(told["min"] <= len(text) <= told["max"] for text in texts)
    assert all(len(key) <= 127 for key in tags)


@pytest.mark.parametrize("networks", [FOUR[:1], FOUR, SIX, [*FOUR, *SIX]], ids=["one", "v4", "v6", "both"])
@pytest.mark.parametrize("reason", ["", "credential stuffing", HOSTILE], ids=["none", "plain", "hostile"])
def test_a_record_fits_and_comes_back(networks: list[str], reason: str) -> None:
    term = TERM.model_copy(update={"reason": reason})
    tags = tags_of(RUN, networks, term)
    of_aws(tags)
    (record,) = parse_ledger({"Name": "edge", **tags}).records
    assert record.networks == tuple(map(normal, networks))
    told = (record.until, record.since, record.by, record.incident, record.target)
    assert told == (term.until, term.since, term.by, term.incident, term.target)
    assert record.run == RUN
    assert record.tags == tags
    if reason == HOSTILE:
        assert record.reason.startswith("quotes tags b")
    else:
        assert record.reason == reason


def test_whatever_is_written_the_end_of_the_block_is_told_whole() -> None:
    """Only what people wrote is cut: a block whose end cannot be read would never end."""
    term = TERM.model_copy(update=dict.fromkeys(("by", "incident", "target", "reason"), HOSTILE))
    tags = tags_of(RUN, FOUR, term)
    of_aws(tags)
    (record,) = parse_ledger(tags).records
    assert (record.until, record.networks) == (TERM.until, tuple(FOUR))
    of_aws(tags_of(RUN, (), term))


def test_the_arn_of_a_load_balancer_is_recorded_whole() -> None:
    """It is what the ways in are looked for by: 118 characters with a name of 32, the longest there is."""
    arn = f"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/{'n' * 32}/50dc6c495c0c9188"
    tags = tags_of(RUN, FOUR, TERM.model_copy(update={"target": arn}))
    of_aws(tags)
    (record,) = parse_ledger(tags).records
    assert (record.target, record.networks) == (arn, tuple(FOUR))


@pytest.mark.parametrize(
    "text", ["INC 14", "#14; <b>", "shop.example.com", "x" * 400], ids=["a", "b", "c", "long"]
)
def test_what_somebody_typed_finds_the_record_of_it(text: str) -> None:
    term = TERM.model_copy(update={"incident": text, "target": text})
    (record,) = parse_ledger(tags_of(RUN, FOUR, term)).records
    assert is_recorded_as(text, record.incident)
    assert is_recorded_as(text, record.target)
    assert not is_recorded_as(f"not {text}", record.target)
    assert not is_recorded_as(text, "")


@pytest.mark.parametrize(
    ("asked", "typed"),
    [
        ("shop.example.com", "https://SHOP.example.com/login?next=/"),
        ("https://shop.example.com", "shop.example.com."),
        ("SHOP.example.com:443", "shop.example.com"),
        ("shop.example.com", "https://shop.example.com/" + "x" * 400),
        ("http://", "http://"),
    ],
    ids=["path", "dot", "port", "cut", "none"],
)
def test_a_target_is_the_same_however_it_was_written(asked: str, typed: str) -> None:
    (record,) = parse_ledger(tags_of(RUN, FOUR, TERM.model_copy(update={"target": typed}))).records
    assert is_recorded_for(asked, record.target)
    assert not is_recorded_for("www.shop.example.com", record.target)


def test_targets_that_are_no_hosts_are_told_apart_by_their_capitals() -> None:
    assert not is_recorded_for("Web", "web")
    assert not is_recorded_for("shop-alb", "shop-alb-2")


def test_what_needs_more_tags_than_a_record_may_take_is_told_by_a_list() -> None:
    many = [f"198.51.{one}.{two}/32" for one in range(2) for two in range(200)]
    assert len(tags_of(RUN, many, TERM)) > PARTS_AT_MOST
    tags = tags_of(RUN, (), TERM)
    assert len(tags) == 1
    listed = BlockList(name=f"{list_prefix('ours')}{RUN}", arn="arn", version=4, addresses=tuple(many), tags=tags)
    ledger = parse_ledger({"Name": "ours"}, [listed])
    (record,) = ledger.records
    assert (record.networks, record.listed_in, record.reason) == (tuple(many), listed.name, TERM.reason)
    assert (ledger.tags, ledger.keys, ledger.lists) == (1, [], (listed.name,)), "no tag of the set itself"


@pytest.mark.parametrize(
    "value", ["", "203.0.113.9", "203.0.113.9 until=", "until=tomorrow", "203.0.113.9 until=2026-13-01T00:00Z"]
)
def test_a_tag_that_only_looks_like_a_record_says_nothing(value: str) -> None:
    assert parse_ledger({f"{PREFIX}{RUN}": value, "Name": "edge", f"{PREFIX}{RUN}/2": "203.0.113.9"}).records == ()
    assert parse_ledger({PREFIX: "203.0.113.9 until=never"}).records == (), "of no run"


def test_of_several_records_the_one_that_ends_last_counts() -> None:
    ends = ["2026-12-02T08:00:00Z", NEVER, "2026-12-03T08:00:00Z"]
    tags: dict[str, str] = {}
    for number, until in enumerate(ends):
        tags |= tags_of(f"{RUN}{number}", FOUR[: 3 - number], TERM.model_copy(update={"until": until}))
    ledger = parse_ledger(tags)
    found = [ledger.of(one) for one in FOUR[:4]]
    assert [one.until if one else "" for one in found] == [NEVER, NEVER, "2026-12-02T08:00:00Z", ""]


NOW = 1_796_112_000.0  # 2026-12-01T08:00:00Z


@pytest.mark.parametrize(
    ("ttl_s", "until", "ends"),
    [
        (86_400, "", "2026-12-02T08:00:00Z"),
        (None, "", NEVER),
        (86_400, NEVER, NEVER),
        (None, "2026-12-01T09:00+01:00", None),
        (None, "2026-12-01T10:00+01:00", "2026-12-01T09:00:00Z"),
        (None, "2026-12-01", None),
        (None, "2026-12-01T10:00", None),
        (None, "2026-02-31T10:00Z", None),
        (None, "0001-01-01T00:00+14:00", None),
    ],
)
def test_an_end_is_a_moment_to_come_with_its_zone(ttl_s: float | None, until: str, ends: str | None) -> None:
    if ends is not None:
        assert ends_at(ttl_s, until, NOW) == ends
        return
    with pytest.raises(ValueError, match=r"moment|passed"):
        ends_at(ttl_s, until, NOW)


def test_typing_the_same_command_again_at_once_is_no_extension() -> None:
    now, soon, later = "2026-12-02T08:00:00Z", "2026-12-02T08:04:00Z", "2026-12-02T08:06:00Z"
    assert [lasts_longer(one, now) for one in (now, soon, later, NEVER)] == [False, False, True, True]
    assert not lasts_longer(later, NEVER)
    assert not lasts_longer(NEVER, NEVER)


@pytest.mark.parametrize(
    ("arn", "person"),
    [
        ("arn:aws:iam::123456789012:user/ops/alice", "ops/alice"),
        ("arn:aws:sts::123456789012:assumed-role/Admin/alice@example.com", "Admin/alice@example.com"),
        ("arn:aws:iam::123456789012:root", "root"),
    ],
)
def test_a_record_names_the_person_behind_the_caller(arn: str, person: str) -> None:
    assert who(arn) == person


NOON = "2026-12-01T12:00:00Z"
LATER = "2026-12-03T08:00:00Z"
AT_NOON = parse_moment(NOON).timestamp()


def ledger_of(**terms: Term) -> Ledger:
    """A resource that has a record of the same address for each of some terms, by the ids of runs."""
    tags = {key: text for run, term in terms.items() for key, text in tags_of(run, FOUR[:1], term).items()}
    return parse_ledger(tags)


@pytest.mark.parametrize(
    ("other", "idle"),
    [
        ({"until": LATER}, True),
        ({"until": LATER, "by": "bob"}, True),
        ({"until": LATER, "incident": "INC-13"}, False),
        ({"until": LATER, "incident": ""}, False),
        ({"until": LATER, "target": "api.example.com"}, False),
        ({"until": NOON}, False),
    ],
    ids=["same", "same incident", "another incident", "no incident", "another target", "ends earlier"],
)
def test_a_record_is_outlasted_only_by_one_of_the_same_need(other: dict[str, str], idle: bool) -> None:
    ledger = ledger_of(a=TERM, b=TERM.model_copy(update=other))
    (first,) = [one for one in ledger.records if one.run == "a"]
    assert says_nothing(ledger, set(FOUR[:1]), first, AT_NOON) is idle
    assert says_nothing(ledger, set(), first, AT_NOON), "what is not there needs no record"
    over = parse_moment(TERM.until).timestamp()
    assert says_nothing(ledger, set(FOUR[:1]), first, over) is (other["until"] == LATER)


def test_where_tags_are_short_a_need_without_an_incident_gives_way_and_no_other() -> None:
    bare = TERM.model_copy(update={"incident": "", "by": "bob"})
    ledger = ledger_of(a=TERM, b=bare, c=TERM.model_copy(update={"incident": "INC-13", "until": LATER}))
    weak = [one.run for one in ledger.records if says_nothing(ledger, set(FOUR[:1]), one, AT_NOON, weak=True)]
    assert weak == ["b"]
    assert not any(says_nothing(ledger, set(FOUR[:1]), one, AT_NOON) for one in ledger.records)


def test_what_a_wider_block_was_put_together_of_keeps_its_record() -> None:
    wide = tags_of("wide", ["203.0.113.0/31"], TERM.model_copy(update={"incident": "INC-13"}))
    ledger = parse_ledger(tags_of("a", FOUR[:1], TERM) | wide)
    (first,) = [one for one in ledger.records if one.run == "a"]
    assert not says_nothing(ledger, {"203.0.113.0/31"}, first, AT_NOON)
    assert says_nothing(ledger, {"203.0.113.0/31"}, first, parse_moment(TERM.until).timestamp())
