"""The quota of rules in a network ACL: read where twenty do not suffice, doubted aloud where it cannot be."""

import pytest

from tests.block.facts.asking import decide_read, rejected
from tests.block.facts.test_block_decision_topologies import lone_instance
from tests.kit.canned import denied
from tests.kit.picture import Picture, allow_all, entry

QUOTA_API = "service-quotas.GetServiceQuota"


def full(picture: Picture, denies: int) -> Picture:
    """An instance behind a network ACL with that many denies before its allows."""
    lone_instance(picture)
    numbered = [entry(number, "deny", f"192.0.2.{number}/32") for number in range(1, denies + 1)]
    picture.acls[0]["Entries"] = [*numbered, *allow_all()]
    return picture


def test_the_quota_is_not_asked_for_while_twenty_suffice() -> None:
    decision, reader = decide_read(full(Picture(), 10), "web")
    assert QUOTA_API not in reader.apis()
    assert decision.points


@pytest.mark.parametrize(("value", "fits"), [(20.0, False), (40.0, True)])
def test_a_raised_quota_makes_room(value: float, fits: bool) -> None:
    picture = full(Picture(), 19)
    picture.refusals[QUOTA_API] = {"Quota": {"QuotaCode": "L-2AEEBF1A", "Value": value}}
    decision, _ = decide_read(picture, "web")
    assert bool(decision.points) is fits
    if not fits:
        assert "of 20 inbound rules" in rejected(decision.ways[0], "nacl")[0].reason


def test_a_quota_that_cannot_be_read_counts_as_twenty_and_says_so() -> None:
    picture = full(Picture(), 19).refuse(QUOTA_API, denied(QUOTA_API))
    decision, _ = decide_read(picture, "web")
    assert decision.points == ()
    reason = rejected(decision.ways[0], "nacl")[0].reason
    assert "the quota could not be read, so 20 is assumed: AccessDenied" in reason
