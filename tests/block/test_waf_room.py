"""Room in a web ACL: what our rules cost is asked of AWS WAF itself where it may decide, and otherwise known."""

from typing import Any

import pytest

from opsctl.block.topology.webacl import IpSet, WebAcl
from opsctl.block.waf_room import refuse_full, units_of_a_rule
from opsctl.block.waf_state import WafState
from opsctl.model.errors import RefusedByGuard
from tests.kit.canned import denied, drive

SET = IpSet(arn="arn:aws:wafv2:us-east-1:1:regional/ipset/s/1", id="1", name="s", version=4)
ACL = WebAcl(arn="arn", id="1", name="edge", scope="REGIONAL", default_allow=True, ip_sets={SET.arn: SET})


def units(capacity: int, answer: Any, acl: WebAcl | None = ACL) -> tuple[int, list[str]]:
    state = WafState(web_acl=acl, capacity=capacity)
    found, reader = drive(units_of_a_rule(state, "REGIONAL", "us-east-1", None), {"wafv2.CheckCapacity": answer})
    return found, reader.apis()


@pytest.mark.parametrize(
    ("capacity", "asked"), [(0, False), (1399, False), (1401, True), (1501, False), (4950, True), (5001, False)]
)
def test_aws_waf_is_asked_only_near_a_limit(capacity: int, asked: bool) -> None:
    found, apis = units(capacity, {"Capacity": 3})
    assert (found, bool(apis)) == (3 if asked else 1, asked)


def test_what_may_not_be_asked_costs_what_is_documented() -> None:
    assert units(4990, denied("wafv2.CheckCapacity"))[0] == 1
    assert units(4990, {"Capacity": 3}, ACL.model_copy(update={"ip_sets": {}})) == (1, [])
    assert units(4990, {"Capacity": 3}, None) == (1, [])


def test_rules_that_cost_more_than_is_left_are_refused() -> None:
    state, rules = WafState(web_acl=ACL, capacity=4996), [{"Name": "a"}, {"Name": "b"}]
    refuse_full(state, rules, 2)
    with pytest.raises(RefusedByGuard, match="uses 4996 of 5000 capacity units"):
        refuse_full(state, rules, 3)
