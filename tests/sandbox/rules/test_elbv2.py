"""The sandbox's target groups keep AWS's rules about targets that are taken out."""

from opsctl.sandbox.engine.conditions import AWS_LIKE
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.ha_account import instance_named
from tests.kit.ha_timeline import targets
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world


def test_a_target_that_is_taken_out_drains_and_one_that_comes_back_does_not() -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (_, about):
        balancing, one = client("elbv2"), instance_named("direct-web-1")
        groups = {
            each["TargetGroupName"]: each["TargetGroupArn"]
            for each in balancing.describe_target_groups()["TargetGroups"]
        }
        name = next(each for each in groups if one in targets(each))
        asked = {"TargetGroupArn": groups[name], "Targets": [{"Id": one}]}
        balancing.deregister_targets(**asked)
        assert targets(name)[one] == "draining"
        balancing.register_targets(**asked)
        assert targets(name)[one] == "healthy"
        balancing.deregister_targets(**asked)
        move(about, 299)
        assert targets(name)[one] == "draining"
        move(about, 2)
        assert one not in targets(name)
        balancing.deregister_targets(**asked)
