"""How long it takes to find the ways in to a target in a big account, against a plain sequential script.

    python benchmarks/detection.py [--balancers 500] [--distributions 300] [--acls 200] [--delay-ms 50]

Prints calls, rounds and the ratio of the times; times alone say little, ratios hold on any machine.
"""

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.world import ACCOUNT, REGION, BigAccount
from opsctl.lookups.block_decision import BlockDecision
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Identity
from opsctl.planning.gather import gather

TARGET, ADDRESS = "shop.example.com", "203.0.113.9/32"


class Pooled:
    """A reader as the real one is: each distinct read once, a round at a time, concurrently."""

    def __init__(self, account: BigAccount) -> None:
        self._account = account
        self._known: dict[str, Answer] = {}
        self.rounds = 0

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Make the new reads at once."""
        new = {read.key: read for read in reads if read.key not in self._known}
        if new:
            self.rounds += 1
            with ThreadPoolExecutor(max_workers=32) as pool:
                self._known.update(zip(new, pool.map(self._answer, new.values()), strict=True))
        return [self._known[read.key] for read in reads]

    def _answer(self, read: Read) -> Answer:
        return Answer(value=self._account.all_pages(read.service, read.operation, read.params))


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

    identity = Identity(account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/bench", region=REGION)
    ours = account()
    reader = Pooled(ours)
    started = time.perf_counter()
    lookup = BlockDecision(target=TARGET, addresses=(ADDRESS,))
    gather(lookup.look(Context(identity=identity, plan_id="bench")), reader)
    our_time = time.perf_counter() - started
    theirs = account()
    started = time.perf_counter()
    sequential(theirs)
    their_time = time.perf_counter() - started
    print(
        f"opsctl      {ours.calls:>6} calls in {reader.rounds} rounds, {our_time / ours.delay_s:>8.1f} call times"
    )
    print(f"sequential  {theirs.calls:>6} calls one by one,  {their_time / theirs.delay_s:>8.1f} call times")
    fewer, faster = theirs.calls / ours.calls, their_time / our_time
    print(f"ratio       {fewer:>6.1f} times fewer calls, {faster:.0f} times as fast")


if __name__ == "__main__":
    main()
