"""Many responders block different addresses at one target in the same moment, each from a laptop of their own.

    python -m benchmarks.at_once --runs 50

It starts a sandbox of its own, runs that many `opsctl block-ip` processes at once, and then as many undos. Every
run has to hold or to be refused for a quota, every address of a run that held has to be blocked, and after the
undos the account has to be as it was. Exit 0 when all of that is so. On two cores 50 runs take several minutes.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3

QUOTA = re.compile(
    r"quota|Limits?Exceeded|of 50 tags|no rule number for a deny|do not fit|capacity", re.IGNORECASE
)


def opsctl(state: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the journal of one laptop."""
    environment = os.environ | {"OPSCTL_STATE_DIR": str(state)}
    command = [sys.executable, "-m", "opsctl", *argv]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def enter(sandbox: Path) -> None:
    """Start a sandbox and point this process, and what it starts, at it."""
    started = opsctl(sandbox, "sandbox", "start", "--pace", "instant")
    if started.returncode:
        sys.exit(f"the sandbox does not start: {started.stderr}")
    for line in opsctl(sandbox, "sandbox", "env").stdout.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        os.environ[name] = value.strip("'\"")


def state_of_account() -> dict[str, Any]:
    """Inbound rules, IP sets with their addresses, and web ACLs with the names of their rules."""
    found: dict[str, Any] = {}
    for acl in boto3.client("ec2").describe_network_acls()["NetworkAcls"]:
        entries = [one for one in acl["Entries"] if not one["Egress"]]
        found[acl["NetworkAclId"]] = sorted(json.dumps(one, sort_keys=True) for one in entries)
    wafv2 = boto3.client("wafv2")
    for scope in ("REGIONAL", "CLOUDFRONT"):
        for one in wafv2.list_ip_sets(Scope=scope)["IPSets"]:
            key = {"Name": one["Name"], "Scope": scope, "Id": one["Id"]}
            found[f"{scope} {one['Name']}"] = sorted(wafv2.get_ip_set(**key)["IPSet"]["Addresses"])
        for one in wafv2.list_web_acls(Scope=scope)["WebACLs"]:
            key = {"Name": one["Name"], "Scope": scope, "Id": one["Id"]}
            rules = wafv2.get_web_acl(**key)["WebACL"]["Rules"]
            found[f"{scope} {one['Name']} rules"] = sorted(rule["Name"] for rule in rules)
    return found


def main() -> int:
    """Run everything and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--target", default="shop.example.com")
    parser.add_argument("--layer", default="auto")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        sandbox = Path(home) / "sandbox"
        enter(sandbox)
        try:
            return judge(asked.runs, asked.target, asked.layer, Path(home))
        finally:
            opsctl(sandbox, "sandbox", "stop")


def judge(runs: int, target: str, layer: str, home: Path) -> int:
    """Block and undo with so many processes; returns 0 when everything is as it should be."""
    start = state_of_account()
    laptops = [home / f"laptop-{number}" for number in range(runs)]

    def block(number: int) -> subprocess.CompletedProcess[str]:
        address = f"198.51.100.{number + 1}"
        argv = ("block-ip", address, "--target", target, "--layer", layer, "--yes", "--max-changes", "100")
        return opsctl(laptops[number], *argv)

    with ThreadPoolExecutor(max_workers=runs) as pool:
        blocked = list(pool.map(block, range(runs)))
    bad = [one.stderr[-600:] for one in blocked if one.returncode and not QUOTA.search(one.stderr + one.stdout)]
    print(
        "blocks:",
        dict(Counter(one.returncode for one in blocked)),
        f"{len(bad)} neither held nor refused for quota",
    )
    there = json.dumps(state_of_account())
    lost = [n for n, one in enumerate(blocked) if not one.returncode and f"198.51.100.{n + 1}/32" not in there]
    print("held, and not blocked:", lost)
    # What one undo keeps because another run still relies on it goes with the next: the association, then the web
    # ACL, then its set, each of which another run may have made.
    for _ in range(4):
        with ThreadPoolExecutor(max_workers=runs) as pool:
            undone = list(pool.map(undo, laptops))
        print("undos:", dict(Counter(one.returncode for one in undone)))
        bad += [one.stderr[-600:] for one in undone if one.returncode not in (0, 3)]
    end = state_of_account()
    left = {name: value for name, value in end.items() if start.get(name) != value}
    print("left behind:", left)
    print(*bad[:3], sep="\n")
    return int(bool(bad or lost or left))


def undo(laptop: Path) -> subprocess.CompletedProcess[str]:
    """Take back the block that a laptop began with."""
    listed = json.loads(opsctl(laptop, "runs", "list", "-o", "json").stdout)["result"]
    return opsctl(laptop, "undo", listed[-1]["id"] if listed else "last", "--yes")


if __name__ == "__main__":
    sys.exit(main())
