"""Reads whose answers are all needed are made at once, and one that is refused ends it."""

import pytest

from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import fetch, first_reads, require_all
from opsctl.model.reads import Read, Refusal, RefusalKind
from opsctl.planning.run_fetching import run_fetching
from tests.kit.canned import CannedReader

READS = [Read(service="ec2", operation=name) for name in ("DescribeVpcs", "DescribeSubnets")]


def test_what_is_needed_is_read_in_one_round_and_in_order() -> None:
    reader = CannedReader({read.api: {"of": read.operation} for read in READS})
    assert run_fetching(require_all(READS), reader) == [{"of": read.operation} for read in READS]
    assert reader.rounds == 1
    assert run_fetching(require_all([]), reader) == []


def test_one_refusal_of_what_is_needed_is_no_empty_answer() -> None:
    denied = Refusal(kind=RefusalKind.DENIED, code="Denied", message="no", api=READS[1].api)
    with pytest.raises(FactUnknown, match="DescribeSubnets"):
        run_fetching(require_all(READS), CannedReader({READS[0].api: {}, READS[1].api: denied}))


def test_the_first_reads_of_a_fetching_are_told_and_it_goes_no_further() -> None:
    assert first_reads(fetch(READS[0])) == [READS[0]]
    assert not first_reads(require_all([]))
