"""How a block of ten thousand addresses and the list of blocks grow: calls as AWS makes pages, times as ratios.

    python -m benchmarks.blocks [--addresses 10000] [--web-acls 200] [--ip-sets 300] [--network-acls 500]

The changes of AWS WAF for many addresses, at a load balancer with a web ACL, are held against the time that
parsing their file takes; the list of blocks against an account that has nothing besides. Counts, and ratios of the
processor's time: both hold on any machine.
"""

import argparse
import ipaddress
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from opsctl.aws.pages import PAGE_SIZES
from opsctl.block.actions.waf_block import WafBlock
from opsctl.block.facts.block_ledger import BlockLedger
from opsctl.block.terms import Term
from opsctl.model.changes import Change
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Identity
from opsctl.planning.address_text import addresses_in
from opsctl.planning.run_fetching import run_fetching

REGION, ACCOUNT = "us-east-1", "123456789012"
ABOUT = Context(
    identity=Identity(account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/bench", region=REGION),
    plan_id="20260101-000000-bench",
    now=1_790_000_000.0,
)
TERM = Term(until="never", since="2026-12-01T08:00:00Z", by="bench", target="shop")
PAGES = {
    "ListIPSets": ("IPSets", 100),
    "ListWebACLs": ("WebACLs", 100),
    "DescribeNetworkAcls": ("NetworkAcls", 1000),
}
"""What AWS puts on a page where nobody asks for less (WAFV2 and EC2 API references)."""


class Blocked:
    """An account with web ACLs, IP sets and network ACLs of others, and one IP set of opsctl's; counts pages."""

    def __init__(self, *, web_acls: int, ip_sets: int, network_acls: int) -> None:
        self.calls: Counter[str] = Counter()
        self._sets = [_summary("ipset", f"theirs-{number}") for number in range(ip_sets)]
        self._sets.append(_summary("ipset", "opsctl-block-ipv4-shop"))
        self._web_acls = [_summary("webacl", f"acl-{number}") for number in range(web_acls)]
        self._acls = [_network_acl(number) for number in range(network_acls)]

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Answer several."""
        return [Answer(value=self._answer(read)) for read in reads]

    def _answer(self, read: Read) -> Any:
        whole = self._whole(read)
        member, size = PAGES.get(read.operation, ("", 1))
        size = PAGE_SIZES.get(read.api, size)
        self.calls[read.api] += max(1, -(-len(whole.get(member, ())) // size))
        return whole

    def _whole(self, read: Read) -> Any:
        global_ = read.params.get("Scope") == "CLOUDFRONT"
        if read.operation == "ListIPSets":
            return {"IPSets": [] if global_ else self._sets}
        if read.operation == "ListWebACLs":
            return {"WebACLs": [] if global_ else self._web_acls}
        if read.operation == "DescribeNetworkAcls":
            return {"NetworkAcls": self._acls}
        if read.operation == "GetIPSet":
            summary = _summary("ipset", str(read.params["Name"]))
            held = {"IPAddressVersion": "IPV4", "Addresses": ["203.0.113.9/32"]}
            return {"IPSet": summary | held, "LockToken": "t"}
        if read.operation == "GetWebACL":
            summary = _summary("webacl", str(read.params["Name"]))
            return {
                "WebACL": summary | {"DefaultAction": {"Allow": {}}, "Rules": [], "Capacity": 0},
                "LockToken": "t",
            }
        if read.operation == "ListTagsForResource":
            record = {"Key": "opsctl:block/20260101-000000-run", "Value": "203.0.113.9 until=never"}
            return {"TagInfoForResource": {"TagList": [record]}}
        return {}


def _summary(kind: str, name: str) -> dict[str, Any]:
    arn = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/{kind}/{name}/id-{name}"
    return {"Name": name, "Id": f"id-{name}", "ARN": arn, "LockToken": "t"}


def _network_acl(number: int) -> dict[str, Any]:
    entry = {"RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow", "Egress": False, "CidrBlock": "0.0.0.0/0"}
    return {"NetworkAclId": f"acl-{number:017x}", "OwnerId": ACCOUNT, "Entries": [entry], "Associations": []}


def took(work: Callable[[], object], times: int = 3) -> float:
    """Return the least of the processor's time that some work takes."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def planned(addresses: Sequence[str], account: Blocked) -> list[Change]:
    """Plan a block in the web ACL of a load balancer, where opsctl has no set yet."""
    acl = _summary("webacl", "acl-0")["ARN"]
    given = {
        "web_acl": acl,
        "resource": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/shop/1",
        "resource_kind": "alb",
        "scope": "REGIONAL",
        "region": REGION,
        "addresses": tuple(addresses),
        "term": TERM,
        "why": "the ALB sees the client",
    }
    return run_fetching(WafBlock.model_validate(given).plan(ABOUT), account)


def many(addresses: int) -> None:
    """Compare the plan of many addresses with parsing their file and with the plan of one."""
    first = int(ipaddress.IPv4Address("45.0.0.0"))
    text = "\n".join(str(ipaddress.IPv4Address(first + 7 * number)) for number in range(addresses))
    account = Blocked(web_acls=1, ip_sets=0, network_acls=1)
    parsing = took(lambda: addresses_in(text, "file"))
    listed = addresses_in(text, "file")
    changes = planned(listed, account)
    planning, of_one = took(lambda: planned(listed, account)), took(lambda: planned(listed[:1], account))
    print(f"{addresses:,} addresses: {len(changes)} mutating calls: {', '.join(one.operation for one in changes)}")
    ratio, one = planning / parsing, of_one / parsing
    print(f"planning them takes {ratio:.1f} times as long as parsing the file; that of one address {one:.2f}")


def listed(*, web_acls: int, ip_sets: int, network_acls: int) -> None:
    """Count the calls of `blocks list`, in an account that has nothing besides and in a big one."""
    for title, account in (
        ("nothing besides", Blocked(web_acls=0, ip_sets=0, network_acls=1)),
        (
            f"{web_acls} web ACLs, {ip_sets} IP sets, {network_acls} network ACLs",
            Blocked(web_acls=web_acls, ip_sets=ip_sets, network_acls=network_acls),
        ),
    ):
        run_fetching(BlockLedger().read(ABOUT), account)
        each = ", ".join(f"{count} {api.partition('.')[2]}" for api, count in sorted(account.calls.items()))
        print(f"blocks list with {title}: {account.calls.total()} calls ({each})")


def main() -> None:
    """Run both and print what they count."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("addresses", 10_000), ("web-acls", 200), ("ip-sets", 300), ("network-acls", 500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    many(asked.addresses)
    listed(web_acls=asked.web_acls, ip_sets=asked.ip_sets, network_acls=asked.network_acls)


if __name__ == "__main__":
    main()
