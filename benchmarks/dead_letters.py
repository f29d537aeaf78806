"""How long `opsctl dlq list` takes in a big region, against a plain sequential script.

    python benchmarks/dead_letters.py [--queues 2000] [--functions 300] [--subscriptions 300] [--rules 200]
                                      [--delay-ms 20]

Prints calls, rounds and the ratio of the times; times alone say little, ratios hold on any machine.
"""

import argparse
import json
import time
from typing import Any

from benchmarks.comparison import compare
from benchmarks.world import ACCOUNT, REGION
from opsctl.dlq.facts.dlq_survey import DlqSurvey, Surveyed

PAGES = {
    "ListQueues": ("QueueUrls", 1000),
    "ListFunctions": ("Functions", 50),
    "ListSubscriptions": ("Subscriptions", 100),
    "ListRules": ("Rules", 100),
}
FIGURES = ("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "NumberOfMessagesDeleted")


class BigRegion:
    """Half the queues are the dead-letter queues of the other half; counts calls and waits for each."""

    def __init__(self, *, queues: int, functions: int, subscriptions: int, rules: int, delay_s: float) -> None:
        self.delay_s = delay_s
        self.calls = 0
        self._names = [f"work-{n // 2}{'-dlq' if n % 2 else ''}" for n in range(queues)]
        self._functions = [f"function-{n}" for n in range(functions)]
        self._subscriptions = subscriptions
        self._rules = rules

    def all_pages(self, service: str, operation: str, params: dict[str, Any]) -> Any:
        """Return an answer with its pages merged; costs one call a page."""
        handler = getattr(self, f"_{operation}", None)
        answer = handler(params) if handler else {}
        member, size = PAGES.get(operation, ("", 1))
        pages = -(-len(answer[member]) // size) if member in answer else 1
        for _ in range(max(1, pages)):
            self.calls += 1
            time.sleep(self.delay_s)
        return answer

    def _ListQueues(self, _params: dict[str, Any]) -> Any:  # noqa: N802 - the API's own name
        return {"QueueUrls": [f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" for name in self._names]}

    def _GetQueueAttributes(self, params: dict[str, Any]) -> Any:  # noqa: N802
        name = params["QueueUrl"].rpartition("/")[2]
        told = {"QueueArn": _arn("sqs", name), "ApproximateNumberOfMessages": str(int(name.endswith("-dlq")))}
        if not name.endswith("-dlq"):
            policy = {"deadLetterTargetArn": _arn("sqs", f"{name}-dlq"), "maxReceiveCount": 5}
            told["RedrivePolicy"] = json.dumps(policy)
        return {"Attributes": told}

    def _ListFunctions(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {
            "Functions": [
                {"FunctionName": name, "FunctionArn": _arn("lambda", f"function:{name}"), "Timeout": 3}
                for name in self._functions
            ]
        }

    def _ListSubscriptions(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        topic = _arn("sns", "orders")
        return {
            "Subscriptions": [
                {"SubscriptionArn": f"{topic}:{n}", "TopicArn": topic, "Protocol": "sqs", "Endpoint": "x"}
                for n in range(self._subscriptions)
            ]
        }

    def _GetSubscriptionAttributes(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {"Attributes": {"TopicArn": _arn("sns", "orders")}}

    def _ListEventBuses(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {"EventBuses": [{"Name": "default"}]}

    def _ListRules(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {
            "Rules": [{"Name": f"rule-{n}", "Arn": _arn("events", f"rule/rule-{n}")} for n in range(self._rules)]
        }


def _arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def sequential(region: BigRegion) -> int:
    """Find the same as a script would: list, then ask for one thing after the other."""
    found = set()
    for url in region.all_pages("sqs", "ListQueues", {})["QueueUrls"]:
        told = region.all_pages("sqs", "GetQueueAttributes", {"QueueUrl": url})["Attributes"]
        if "RedrivePolicy" in told:
            found.add(json.loads(told["RedrivePolicy"])["deadLetterTargetArn"])
    for one in region.all_pages("lambda", "ListFunctions", {})["Functions"]:
        region.all_pages("lambda", "ListFunctionEventInvokeConfigs", {"FunctionName": one["FunctionName"]})
    region.all_pages("lambda", "ListEventSourceMappings", {})
    for one in region.all_pages("sns", "ListSubscriptions", {})["Subscriptions"]:
        region.all_pages("sns", "GetSubscriptionAttributes", {"SubscriptionArn": one["SubscriptionArn"]})
    for rule in region.all_pages("events", "ListRules", {"EventBusName": "default"})["Rules"]:
        region.all_pages("events", "ListTargetsByRule", {"Rule": rule["Name"]})
    region.all_pages("scheduler", "ListSchedules", {})
    region.all_pages("cloudwatch", "DescribeAlarms", {})
    for arn in found:
        for figure in FIGURES:
            region.all_pages("cloudwatch", "GetMetricStatistics", {"MetricName": figure, "Queue": arn})
    return len(found)


def main() -> None:
    """Run both and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queues", type=int, default=2000)
    parser.add_argument("--functions", type=int, default=300)
    parser.add_argument("--subscriptions", type=int, default=300)
    parser.add_argument("--rules", type=int, default=200)
    parser.add_argument("--delay-ms", type=float, default=20)
    sizes = parser.parse_args()

    def region() -> BigRegion:
        return BigRegion(
            queues=sizes.queues,
            functions=sizes.functions,
            subscriptions=sizes.subscriptions,
            rules=sizes.rules,
            delay_s=sizes.delay_ms / 1000,
        )

    found, count = compare(DlqSurvey(), region, sequential)
    assert isinstance(found, Surveyed)  # noqa: S101 - the lookup's own result
    assert len(found.rows) == count, "both find the same queues"  # noqa: S101


if __name__ == "__main__":
    main()
