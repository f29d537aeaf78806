"""How many calls it takes to check the network of a fleet, from outside and from the inside, as it grows.

    python -m benchmarks.fleet [--sizes 10,100,1000,5000]

Counts, not times: a call is a page as AWS makes them, so what grows with the fleet is seen on any machine.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from opsctl.aws.pages import PAGE_SIZES
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.jobs import Tools
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Identity
from opsctl.planning.run_fetching import run_fetching
from opsctl.resources.jobs.ssm_command import SsmCommand
from opsctl.tune.facts.tune_fleet import TuneFleet

REGION, ACCOUNT = "us-east-1", "123456789012"
PAGES = {"DescribeInstances": 1000, "DescribeInstanceTypes": 100}
"""What AWS puts on a page where nobody asks for less (EC2 API reference)."""
_TYPES = ("c5n.18xlarge", "c6in.32xlarge", "m5.large")
_IDENTITY = Identity(account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/anna", region=REGION)


class BigFleet:
    """An account with so many instances, every one with an agent that is online; counts each page as a call."""

    identity = _IDENTITY

    def __init__(self, instances: int) -> None:
        self.ids = [f"i-{number:017x}" for number in range(instances)]
        self.calls: Counter[str] = Counter()
        self._sent: dict[str, list[str]] = {}
        self._now = 0.0

    def read(self, read: Read) -> Answer:
        """Answer a read, its pages merged."""
        items, size = self._items(read)
        self.calls[read.api] += max(1, -(-len(items) // size))
        return Answer(value=self._whole(read.operation, items))

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Answer several."""
        return [self.read(one) for one in reads]

    def takes(self, service: str, operation: str) -> frozenset[str]:
        """Every member is known."""
        return frozenset()

    def write(self, service: str, operation: str, params: dict[str, Any], region: str | None) -> Any:
        """Take a command."""
        self.calls[f"{service}.{operation}"] += 1
        id_ = f"command-{len(self._sent)}"
        self._sent[id_] = list(params["InstanceIds"])
        return {"Command": {"CommandId": id_}}

    def now(self) -> float:
        """The time, which waiting moves."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds

    def _items(self, read: Read) -> tuple[list[Any], int]:
        size = PAGE_SIZES.get(read.api, PAGES.get(read.operation, 1000))
        values = [value for one in read.params.get("Filters", []) for value in one["Values"]]
        if read.operation == "DescribeInstances":
            return [_instance(id_, number) for number, id_ in enumerate(self.ids)], size
        if read.operation == "DescribeInstanceTypes":
            return [_type(name) for name in values], size
        if read.operation == "DescribeInstanceInformation":
            return [{"InstanceId": id_, "PingStatus": "Online"} for id_ in values], size
        if read.operation == "ListCommandInvocations":
            return [_answer(id_) for id_ in self._sent[read.params["CommandId"]]], size
        return [], size

    def _whole(self, operation: str, items: list[Any]) -> Any:
        member = {
            "DescribeInstanceTypes": "InstanceTypes",
            "DescribeInstanceInformation": "InstanceInformationList",
            "ListCommandInvocations": "CommandInvocations",
            "DescribePlacementGroups": "PlacementGroups",
        }
        if operation == "DescribeInstances":
            return {"Reservations": [{"Instances": items}]}
        return {member[operation]: items}


def _instance(id_: str, number: int) -> dict[str, Any]:
    return {
        "InstanceId": id_,
        "InstanceType": _TYPES[number % len(_TYPES)],
        "State": {"Name": "running"},
        "Placement": {"AvailabilityZone": f"{REGION}{'ab'[number % 2]}", "GroupName": "hpc"},
        "EnaSupport": True,
        "NetworkInterfaces": [{"NetworkInterfaceId": f"eni-{number:017x}"}],
    }


def _type(name: str) -> dict[str, Any]:
    return {"InstanceType": name, "NetworkInfo": {"EnaSupport": "required", "NetworkPerformance": "100 Gigabit"}}


def _answer(id_: str) -> dict[str, Any]:
    said = "os amzn 2023\nkernel 6.1\nmodule ena 2.13.2g\nagain\n"
    plugin = {"Name": "aws:runShellScript", "Status": "Success", "ResponseCode": 0, "Output": said}
    return {"InstanceId": id_, "Status": "Success", "StatusDetails": "Success", "CommandPlugins": [plugin]}


def from_outside(instances: int) -> Counter[str]:
    """Count the calls of a check of every instance of a Region."""
    fleet = BigFleet(instances)
    run_fetching(TuneFleet(all=True).read(Context(identity=_IDENTITY, plan_id="p")), fleet)
    return fleet.calls


def from_inside(instances: int) -> Counter[str]:
    """Count the calls of a script on every instance, where each has ended when it is looked at first."""
    fleet = BigFleet(instances)
    job = SsmCommand(
        instances=tuple(fleet.ids),
        region=REGION,
        commands=("uname -r",),
        must_succeed=False,
        timeout_s=60,
        deliver_within_s=120,
        at_once=50,
        mark="p",
    )
    with TemporaryDirectory() as directory:
        tools = Tools(
            aws=fleet,
            queues=_no_queues,
            checkpoint=JobCheckpoint(Path(directory) / "job.log"),
            clock=fleet,
            progress=lambda _line: None,
            stopping=lambda: False,
        )
        result = job.run(tools)
    if not result.complete:
        raise AssertionError(result.says)
    return fleet.calls


def _no_queues(region: str) -> Any:
    raise AssertionError(f"no queue of {region} is asked here")


def main() -> None:
    """Count both for each size, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10,100,1000,5000")
    for size in map(int, parser.parse_args().sizes.split(",")):
        for what, calls in (("outside", from_outside(size)), ("inside", from_inside(size))):
            counted = ", ".join(f"{count} {api}" for api, count in sorted(calls.items()))
            print(f"{size:>6} instances, {what:<7}: {sum(calls.values()):>4} calls: {counted}")


if __name__ == "__main__":
    main()
