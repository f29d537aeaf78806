"""How long it takes to find the ways in to a target in a big account, against a plain sequential script.

    python benchmarks/detection.py [--balancers 500] [--distributions 300] [--acls 200] [--delay-ms 50]

Prints calls, rounds and the ratio of the times; times alone say little, ratios hold on any machine.
"""

import argparse

from benchmarks.comparison import compare
from benchmarks.world import BigAccount
from opsctl.block.facts.block_decision import BlockDecision

TARGET, ADDRESS = "shop.example.com", "203.0.113.9/32"


def sequential(account: BigAccount) -> int:
    """Do the same detection as a script would: follow the name, then look at every resource in turn."""
    account.all_pages("route53", "ListHostedZones", {})
    account.all_pages("route53", "ListResourceRecordSets", {"HostedZoneId": "Z1"})
    distributions = account.all_pages("cloudfront", "ListDistributions", {})["DistributionList"]["Items"]
    for one in distributions:
        account.all_pages("cloudfront", "GetDistributionConfig", {"Id": one["Id"]})
    balancers = account.all_pages("elbv2", "DescribeLoadBalancers", {})["LoadBalancers"]
    for one in balancers:
        arn = one["LoadBalancerArn"]
        account.all_pages("elbv2", "DescribeListeners", {"LoadBalancerArn": arn})
        account.all_pages("wafv2", "GetWebACLForResource", {"ResourceArn": arn})
        subnets = [zone["SubnetId"] for zone in one["AvailabilityZones"]]
        filters = [{"Name": "association.subnet-id", "Values": subnets}]
        account.all_pages("ec2", "DescribeNetworkAcls", {"Filters": filters})
    return len(balancers)


def main() -> None:
    """Run both and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--balancers", type=int, default=500)
    parser.add_argument("--distributions", type=int, default=300)
    parser.add_argument("--acls", type=int, default=200)
    parser.add_argument("--delay-ms", type=float, default=50)
    sizes = parser.parse_args()

    def account() -> BigAccount:
        return BigAccount(
            balancers=sizes.balancers,
            distributions=sizes.distributions,
            acls=sizes.acls,
            delay_s=sizes.delay_ms / 1000,
        )

    compare(BlockDecision(target=TARGET, addresses=(ADDRESS,)), account, sequential)


if __name__ == "__main__":
    main()
