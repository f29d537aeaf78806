"""Blocks at services that answer clients without a load balancer: attached, seen by the SDK, taken back."""

from collections.abc import Callable, Iterator

import pytest

from opsctl.block.decision import Decision
from opsctl.block.facts.block_decision import BlockDecision
from opsctl.planning.iam import policy_for_changes
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_apis, seed_network
from tests.kit.block_targets import balancer
from tests.kit.ha_account import run, undo
from tests.kit.limited_account import account_as
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal

ATTACKER = "203.0.113.9"


def _of_stage() -> str:
    (api,) = client("apigateway").get_rest_apis()["items"]
    found: str = client("apigateway").get_stage(restApiId=api["id"], stageName="prod").get("webAclArn", "")
    return found


def _of_tenant(name: str) -> str:
    tenant = client("cloudfront").get_distribution_tenant(Identifier=name)["DistributionTenant"]
    custom = tenant.get("Customizations", {}).get("WebAcl", {})
    return str(custom.get("Arn") or custom.get("Action", ""))


def _of_resource(arn: str) -> str:
    acl = client("wafv2").get_web_acl_for_resource(ResourceArn=arn).get("WebACL") or {}
    return str(acl.get("ARN", ""))


def _catalog() -> str:
    (api,) = client("appsync").list_graphql_apis()["graphqlApis"]
    return str(api["arn"])


def _quotes() -> str:
    (service,) = client("apprunner").list_services()["ServiceSummaryList"]
    return str(service["ServiceArn"])


def _docs() -> str:
    records = client("route53").list_resource_record_sets(
        HostedZoneId=client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    )["ResourceRecordSets"]
    (value,) = [one["ResourceRecords"][0]["Value"] for one in records if one["Name"] == "docs.example.com."]
    account = client("sts").get_caller_identity()["Account"]
    return f"arn:aws:amplify:us-east-1:{account}:apps/{value.split('.')[1]}"


def _admin() -> str:
    (endpoint,) = client("ec2").describe_verified_access_endpoints()["VerifiedAccessEndpoints"]
    account = client("sts").get_caller_identity()["Account"]
    return f"arn:aws:ec2:us-east-1:{account}:verified-access-instance/{endpoint['VerifiedAccessInstanceId']}"


def _login() -> str:
    (pool,) = client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"]
    return str(client("cognito-idp").describe_user_pool(UserPoolId=pool["Id"])["UserPool"]["Arn"])


PLACES: dict[str, tuple[str, Callable[[], str]]] = {
    "orders.example.com": ("REGIONAL", _of_stage),
    "bravo.example.com": ("CLOUDFRONT", lambda: _of_tenant("bravo")),
    "catalog.example.com": ("REGIONAL", lambda: _of_resource(_catalog())),
    "login.example.com": ("REGIONAL", lambda: _of_resource(_login())),
    "quotes.example.com": ("REGIONAL", lambda: _of_resource(_quotes())),
    "docs.example.com": ("CLOUDFRONT", lambda: _of_resource(_docs())),
    "admin.example.com": ("REGIONAL", lambda: _of_resource(_admin())),
    "play.example.com": ("REGIONAL", lambda: _of_resource(balancer("play-alb"))),
    "charlie.example.com": ("CLOUDFRONT", lambda: _of_tenant("charlie")),
}
"""Targets of the sandbox, the scope of their web ACL, and how its ARN is read from the service itself."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(seed_network, seed_apis) as made:
        yield made


def _blocked_by(web_acl: str, scope: str) -> list[str]:
    """What the web ACL of an ARN blocks, as the SDK reads it."""
    wafv2 = client("wafv2")
    _, _, name, identifier = web_acl.split(":")[5].split("/")
    acl = wafv2.get_web_acl(Name=name, Scope=scope, Id=identifier)["WebACL"]
    sets = [one["Statement"]["IPSetReferenceStatement"]["ARN"] for one in acl["Rules"] if "Block" in one["Action"]]
    keys = [arn.split(":")[5].split("/") for arn in sets]
    return [
        address
        for _, _, called, number in keys
        for address in wafv2.get_ip_set(Name=called, Scope=scope, Id=number)["IPSet"]["Addresses"]
    ]


def _names(scope: str) -> list[str]:
    return [one["Name"] for one in client("wafv2").list_web_acls(Scope=scope)["WebACLs"]]


def _decision(world: World, target: str) -> Decision:
    found = run_fetching(BlockDecision(target=target, addresses=(ATTACKER,)).read(world.about()), world.reader())
    assert isinstance(found, Decision)
    return found


@pytest.mark.parametrize("target", PLACES)
def test_a_block_is_attached_at_the_service_closes_the_way_and_is_taken_back(world: World, target: str) -> None:
    scope, there = PLACES[target]
    before = (there(), _names(scope))
    plan, journal = (
        world.plan("block-ip", {"addresses": [ATTACKER], "target": target, "ttl": "1h"}),
        MemoryJournal(),
    )
    # The plan's own policy is all that is needed: what AWS WAF asks the service for is in it.
    policy = policy_for_changes(plan.changes, world.identity, plan.references)
    run(plan, account_as(world, f"of-{target.partition('.')[0]}", policy), world, journal)
    assert _blocked_by(there(), scope) == [f"{ATTACKER}/32"]
    decision = _decision(world, target)
    assert [one.dropped for one in decision.ways] == [True] * len(decision.ways) != []
    undo(plan, world, journal)
    assert (there(), _names(scope)) == before


def test_where_nothing_can_be_blocked_nothing_is_planned(world: World) -> None:
    decision = _decision(world, "hooks.example.com")
    assert (decision.points, len(decision.open)) == ((), 1)
