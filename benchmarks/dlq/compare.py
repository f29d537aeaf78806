"""A client-side redrive against a plain boto3 loop, on the same queues, one after the other, as ratios.

PYTHONPATH=. python benchmarks/dlq/compare.py --endpoint http://127.0.0.1:4566 [--messages 20000] [--repeat 3]

Any server that speaks SQS's JSON protocol will do. CPU seconds and ratios carry over to other machines and
to AWS; times on a server in memory do not.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import boto3

BODY = "x" * 500
TRACE = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
OPSCTL = [sys.executable, "-m", "opsctl", "dlq", "redrive"]


class Taken(NamedTuple):
    """What moving took: seconds, CPU seconds, and how many messages arrived."""

    wall_s: float
    cpu_s: float
    arrived: int


def plain_mover(source: str, target: str) -> None:
    """Move messages with boto3 as a careful script does: delete what was confirmed, until two polls are empty."""
    sqs = boto3.client("sqs")
    empty = 0
    while empty < 2:
        found = sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1 if empty else 0,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["AWSTraceHeader"],
        ).get("Messages", [])
        empty = 0 if found else empty + 1
        if not found:
            continue
        entries = [
            {
                "Id": str(number),
                "MessageBody": one["Body"],
                "MessageAttributes": one.get("MessageAttributes", {}),
                "MessageSystemAttributes": TRACE,
            }
            for number, one in enumerate(found)
        ]
        sent = sqs.send_message_batch(QueueUrl=target, Entries=entries).get("Successful", [])
        handles = [{"Id": one["Id"], "ReceiptHandle": found[int(one["Id"])]["ReceiptHandle"]} for one in sent]
        sqs.delete_message_batch(QueueUrl=source, Entries=handles)


class Bench:
    """Fresh queues for every run on one server."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._sqs: Any = boto3.client("sqs")
        self._runs = 0

    def run(self, mover: Callable[[str, str], list[str]], messages: int) -> Taken:
        """Fill a queue, move it with a command, and count what arrived."""
        self._runs += 1
        name = f"compare-{int(time.time() * 1000)}-{self._runs}"
        target = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        source = self._sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        self._fill(source, messages)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(
            mover(source, target),
            env=self._environment,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        told = self._sqs.get_queue_attributes(QueueUrl=target, AttributeNames=["ApproximateNumberOfMessages"])
        for url in (source, target):
            self._sqs.delete_queue(QueueUrl=url)
        return Taken(wall_s, cpu_s, int(told["Attributes"]["ApproximateNumberOfMessages"]))

    def _fill(self, url: str, messages: int) -> None:
        for first in range(0, messages, 10):
            entries = [
                {
                    "Id": str(number),
                    "MessageBody": BODY,
                    "MessageAttributes": {"n": {"DataType": "Number", "StringValue": str(number)}},
                    "MessageSystemAttributes": TRACE,
                }
                for number in range(first, min(messages, first + 10))
            ]
            self._sqs.send_message_batch(QueueUrl=url, Entries=entries)


def with_boto3(source: str, target: str) -> list[str]:
    """The command of the plain mover."""
    return [sys.executable, __file__, "--move", source, target]


def with_opsctl(source: str, target: str) -> list[str]:
    """The command of ours."""
    names = [url.rpartition("/")[2] for url in (source, target)]
    return [*OPSCTL, names[0], "--to", names[1], "--via", "client", "--canary", "0", "--yes", "-q"]


def compare(messages: int, repeat: int, environment: dict[str, str]) -> None:
    """Run both in turn, empty and full, and print each and their ratio; medians."""
    bench = Bench(environment)
    found: dict[str, tuple[float, float]] = {}
    for name, mover in (("boto3, one thread", with_boto3), ("opsctl", with_opsctl)):
        starts, fulls = [], []
        for _ in range(repeat):
            starts.append(bench.run(mover, 0))
            fulls.append(bench.run(mover, messages))
        start_s = statistics.median(one.wall_s for one in starts)
        moving_s = statistics.median(one.wall_s for one in fulls) - start_s
        start_cpu = statistics.median(one.cpu_s for one in starts)
        cpu = (statistics.median(one.cpu_s for one in fulls) - start_cpu) / messages * 1000
        found[name] = messages / moving_s, cpu
        print(
            f"{name:18} {messages / moving_s:7,.0f} messages/s, {cpu:.3f} CPU s per 1,000, "
            f"{start_cpu:.2f} CPU s to start, arrived {min(one.arrived for one in fulls):,} of {messages:,}"
        )
    (plain_rate, plain_cpu), (rate, cpu) = found.values()
    print(f"opsctl moves {rate / plain_rate:.1f} times as many a second at {cpu / plain_cpu:.2f} of the CPU")


def main() -> None:
    """Compare, or be the plain mover."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--move", nargs=2, metavar=("SOURCE", "TARGET"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.move:
        plain_mover(*asked.move)
        return
    if not asked.endpoint:
        parser.error("--endpoint is needed: a server on this machine")
    with tempfile.TemporaryDirectory() as state:
        os.environ |= {
            "AWS_ENDPOINT_URL": asked.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "OPSCTL_STATE_DIR": state,
        }
        compare(asked.messages, asked.repeat, dict(os.environ))


if __name__ == "__main__":
    main()
