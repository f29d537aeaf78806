"""Lists of thousands of addresses: what depends on the list alone is worked out once for all places."""

import pytest

from opsctl.block import merging
from opsctl.block.actions import waf_block
from opsctl.block.actions.waf_block import WafBlock
from opsctl.model.networks import Network
from opsctl.model.run import Context, Identity
from opsctl.resources.block_risk import any_wide, severity_of

ABOUT = Context(
    identity=Identity(account="123456789012", arn="arn:aws:iam::123456789012:user/alice", region="us-east-1"),
    plan_id="20261201-080000-test",
    now=1_790_000_000.0,
)
LONG = [f"45.7.{number // 128}.{2 * (number % 128)}" for number in range(waf_block.MOST_KEPT_APART + 1)]


def test_a_list_is_taken_apart_once_for_every_place_and_for_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def counted(networks: tuple[Network, ...]) -> list[Network]:
        taken.append(len(networks))
        return merging.merged(networks)

    monkeypatch.setattr(waf_block, "merged", counted)
    for place in ("one", "other", "one", "other"):
        given = {
            "resource": f"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/{place}/1",
            "resource_kind": "alb",
            "scope": "REGIONAL",
            "region": "us-east-1",
            "addresses": tuple(LONG),
            "why": "the ALB sees the client",
        }
        next(WafBlock.model_validate(given).plan(ABOUT))
    assert taken == [len(LONG)]


@pytest.mark.parametrize("widest", ["45.7.0.0/24", "45.7.0.0/23", "2001:db8::/48", "2001:db8::/47"])
def test_a_list_is_wide_exactly_when_a_block_of_it_is_severe(widest: str) -> None:
    """What is no network at all is passed over: AWS takes no such text either."""
    assert any_wide(["no network", *LONG, widest]) is (severity_of(*LONG, widest) == "severe")
