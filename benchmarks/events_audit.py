"""How many calls `opsctl events audit` makes in a big region, by API, and in how many rounds.

    python -m benchmarks.events_audit [--buckets 500] [--queues 2000] [--rules 300] [--buses 5] [--functions 300]

The answers are canned: what is counted is what AWS would be asked, a call a page.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.world import ACCOUNT, REGION
from opsctl.events.facts.events_audit import EventsAudit, EventsAudited
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.run import Context, Identity
from opsctl.planning.run_fetching import run_fetching

NOW = 1_780_000_000.0
PAGES = {
    "sqs.ListQueues": 1000,
    "lambda.ListFunctions": 50,
    "lambda.ListEventSourceMappings": 100,
    "events.ListRules": 100,
    "cloudwatch.GetMetricData": 500,
}
"""How many items a page has; what is not named here fits one page."""


class EventfulRegion:
    """Buckets that notify queues, rules that each send to a queue, queues that functions take from."""

    def __init__(self, *, buckets: int, queues: int, rules: int, buses: int, functions: int) -> None:
        self.calls: Counter[str] = Counter()
        self.rounds = 0
        self._buckets = [f"uploads-{n}" for n in range(buckets)]
        self._queues = [f"work-{n}" for n in range(queues)]
        self._functions = [f"function-{n}" for n in range(functions)]
        self._buses = ["default", *(f"bus-{n}" for n in range(1, buses))]
        self._rules = {bus: [f"rule-{n}" for n in range(rules)][at::buses] for at, bus in enumerate(self._buses)}

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Answer a round, and count a call for each page of each answer."""
        self.rounds += 1
        return [self._answer(read) for read in {read.key: read for read in reads}.values()]

    def _answer(self, read: Read) -> Answer:
        handler = getattr(self, f"_{read.service}_{read.operation}", None)
        value = handler(read.params) if handler else {}
        items = max((len(one) for one in value.values() if isinstance(one, list)), default=0) if value else 0
        self.calls[read.api] += max(1, -(-items // PAGES.get(read.api, 1000)))
        if value is None:
            gone = Refusal(kind=RefusalKind.MISSING, code="ResourceNotFoundException", message="", api=read.api)
            return Answer(refusal=gone)
        return Answer(value=value)

    def _s3_ListBuckets(self, _: Any) -> Any:  # noqa: N802 - the API's own name
        return {"Buckets": [{"Name": name} for name in self._buckets]}

    def _s3_GetBucketNotificationConfiguration(self, params: Any) -> Any:  # noqa: N802
        number = self._buckets.index(params["Bucket"]) % len(self._queues)
        entry = {"Id": "n", "QueueArn": _arn("sqs", self._queues[number]), "Events": ["s3:ObjectCreated:*"]}
        return {"QueueConfigurations": [entry]}

    def _sqs_ListQueues(self, _: Any) -> Any:  # noqa: N802
        return {"QueueUrls": [f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" for name in self._queues]}

    def _sqs_GetQueueAttributes(self, params: Any) -> Any:  # noqa: N802
        name = params["QueueUrl"].rpartition("/")[2]
        allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
        return {"Attributes": {"QueueArn": _arn("sqs", name), "Policy": json.dumps({"Statement": [allow]})}}

    def _lambda_ListFunctions(self, _: Any) -> Any:  # noqa: N802
        return {"Functions": [{"FunctionName": one, "FunctionArn": _function(one)} for one in self._functions]}

    def _lambda_ListEventSourceMappings(self, _: Any) -> Any:  # noqa: N802
        pairs = zip(self._queues, self._functions, strict=False)
        return {
            "EventSourceMappings": [
                {"UUID": q, "EventSourceArn": _arn("sqs", q), "FunctionArn": _function(f), "State": "Enabled"}
                for q, f in pairs
            ]
        }

    def _lambda_GetFunctionConfiguration(self, params: Any) -> Any:  # noqa: N802
        return {"FunctionArn": params["FunctionName"], "State": "Active"}

    def _events_ListEventBuses(self, _: Any) -> Any:  # noqa: N802
        return {"EventBuses": [{"Name": one, "Arn": _arn("events", f"event-bus/{one}")} for one in self._buses]}

    def _events_ListRules(self, params: Any) -> Any:  # noqa: N802
        bus = params["EventBusName"]
        start = "" if bus == "default" else f"{bus}/"
        pattern = json.dumps({"source": ["shop"]})
        told = {"EventPattern": pattern, "State": "ENABLED", "EventBusName": bus}
        return {
            "Rules": [
                {"Name": one, "Arn": _arn("events", f"rule/{start}{one}")} | told for one in self._rules[bus]
            ]
        }

    def _events_ListTargetsByRule(self, params: Any) -> Any:  # noqa: N802
        number = int(params["Rule"].rpartition("-")[2]) % len(self._queues)
        return {"Targets": [{"Id": "q", "Arn": _arn("sqs", self._queues[number])}]}


def _arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def _function(name: str) -> str:
    return _arn("lambda", f"function:{name}")


def audited(region: EventfulRegion) -> EventsAudited:
    """Audit a region."""
    identity = Identity(account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/bench", region=REGION)
    found = run_fetching(EventsAudit().read(Context(identity=identity, plan_id="bench", now=NOW)), region)
    assert isinstance(found, EventsAudited)  # noqa: S101 - the fact's own result
    return found


def main() -> None:
    """Audit, and print what was asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = {"buckets": 500, "queues": 2000, "rules": 300, "buses": 5, "functions": 300}
    for name, size in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=size)
    region = EventfulRegion(**vars(parser.parse_args()))
    found = audited(region)
    for api, calls in region.calls.most_common():
        print(f"{calls:>6}  {api}")
    print(f"{region.calls.total():>6}  calls in {region.rounds} rounds")
    print(f"{found.resources:,} resources, {found.steps:,} steps, {len(found.findings)} findings")


if __name__ == "__main__":
    main()
