"""Every action applied, applied again, and undone."""

from collections.abc import Callable, Iterator

import pytest

from opsctl.execution.executor import Executor
from opsctl.execution.inverse import inverse_of, references_of
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.planning.gather import gather
from opsctl.sandbox.worlds import seed_network
from tests.kit.box_plans import plan_of
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal


def acl_of(subnet: str) -> str:
    subnets = client("ec2").describe_subnets(Filters=[{"Name": "tag:Name", "Values": [subnet]}])["Subnets"]
    filters = [{"Name": "association.subnet-id", "Values": [subnets[0]["SubnetId"]]}]
    found: str = client("ec2").describe_network_acls(Filters=filters)["NetworkAcls"][0]["NetworkAclId"]
    return found


def balancer(name: str) -> str:
    found: str = client("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
    return found


def distribution() -> str:
    found: str = client("cloudfront").list_distributions()["DistributionList"]["Items"][0]["Id"]
    return found


def waf_on(name: str) -> dict[str, Json]:
    arn = balancer(name)
    acl = client("wafv2").get_web_acl_for_resource(ResourceArn=arn).get("WebACL") or {}
    return {"web_acl": acl.get("ARN", ""), "resource": arn, "resource_kind": "alb", "name": name}


def waf_on_distribution() -> dict[str, Json]:
    config = client("cloudfront").get_distribution_config(Id=distribution())["DistributionConfig"]
    return {
        "web_acl": config["WebACLId"],
        "scope": "CLOUDFRONT",
        "resource": distribution(),
        "resource_kind": "distribution",
        "name": "shop",
    }


BOTH = ["203.0.113.9", "2001:db8::/64"]
REGIONAL = {"scope": "REGIONAL", "region": "us-east-1", "addresses": BOTH, "why": "the ALB sees the client"}
EXAMPLES: dict[str, tuple[str, Callable[[], dict[str, Json]]]] = {
    "nacl": ("nacl.deny", lambda: {"network_acl": acl_of("edge-a"), "addresses": BOTH, "why": "first line"}),
    "waf-existing-web-acl": ("waf.block", lambda: waf_on("direct-alb") | REGIONAL),
    "waf-new-web-acl": ("waf.block", lambda: waf_on("shop-alb") | REGIONAL),
    "waf-cloudfront": ("waf.block", lambda: REGIONAL | waf_on_distribution()),
    "geo": (
        "cloudfront.deny_countries",
        lambda: {"distribution": distribution(), "name": "shop", "countries": ["KP", "IR"], "why": "attack"},
    ),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def planned(world: World, example: str) -> Plan:
    name, arguments = EXAMPLES[example]
    about = world.about()
    action = world.registry.actions[name].model_validate(arguments())
    return plan_of(*gather(action.plan(about), world.reader()), plan_id=about.plan_id)


def run(plan: Plan, aws: Aws, world: World, journal: MemoryJournal) -> None:
    Executor(plan, aws, journal, world.clock, lambda _line: None, lambda: False).apply()


def undo(plan: Plan, world: World, journal: MemoryJournal) -> None:
    changes = inverse_of(plan, journal.intended())
    inverse = plan_of(*changes, plan_id="undo").model_copy(update={"references": references_of(plan)})
    run(inverse, world.aws, world, MemoryJournal())


@pytest.mark.parametrize("example", EXAMPLES)
def test_applied_twice_changes_nothing_and_undone_is_as_before(world: World, example: str) -> None:
    start, plan, journal = state(), planned(world, example), MemoryJournal()
    assert plan.changes
    run(plan, world.aws, world, journal)
    end = state()
    assert end != start
    assert planned(world, example).changes == (), "planning again finds everything in place"
    run(plan, world.aws, world, MemoryJournal())
    assert state() == end
    undo(plan, world, journal)
    assert state() == start
