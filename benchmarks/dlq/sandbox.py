"""How fast the sandbox's queues are, against moto as it comes, and how they keep up when a queue is longer.

PYTHONPATH=. python benchmarks/dlq/sandbox.py [--messages 3000]

Each server runs in a process of its own; boto3 fills a queue by tens, then receives and deletes by tens.
The ratios carry over to other machines.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any, NamedTuple

from opsctl.sandbox.engine.server import sandbox_client
from tests.kit.moto_account import KEY

SMALL = (80, 240)
"""The lengths at which moto is asked; at a thousand messages it takes minutes."""
OPSCTL = [sys.executable, "-m", "opsctl"]


class Took(NamedTuple):
    """Seconds to fill a queue and to empty it."""

    fill_s: float
    drain_s: float


def serve(which: str) -> None:
    """Be a server until the input ends; says where it is."""
    if which == "moto":
        from moto.server import ThreadedMotoServer

        plain = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        plain.start()
        host, port = plain.get_host_and_port()
        endpoint = f"http://{host}:{port}"
    else:
        from opsctl.sandbox.engine.server import EmbeddedServer

        ours = EmbeddedServer(key=KEY)
        ours.start()
        endpoint = ours.endpoint
    print(endpoint, flush=True)
    sys.stdin.read()


def entries(first: int, fifo: bool) -> list[dict[str, Any]]:
    """Ten messages of 500 bytes with an attribute; on FIFO of forty groups."""
    made: list[dict[str, Any]] = []
    for number in range(first, first + 10):
        one = {"Id": str(number), "MessageBody": f"{number:0500}"}
        one |= {"MessageAttributes": {"n": {"DataType": "Number", "StringValue": str(number)}}}
        one |= {"MessageGroupId": f"g{number % 40}", "MessageDeduplicationId": str(number)} if fifo else {}
        made.append(one)
    return made


def work(sqs: Any, messages: int, fifo: bool) -> Took:
    """Fill a new queue and empty it."""
    name = f"q{messages}{'.fifo' if fifo else ''}"
    url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})["QueueUrl"]
    began = time.monotonic()
    for first in range(0, messages, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=entries(first, fifo))
    filled = time.monotonic()
    left = messages
    while left:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
        handles = [{"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]} for number, one in enumerate(got)]
        sqs.delete_message_batch(QueueUrl=url, Entries=handles)
        left -= len(got)
    return Took(filled - began, time.monotonic() - filled)


def measure(which: str, sizes: tuple[int, ...]) -> dict[tuple[int, bool], Took]:
    """Work on queues of several lengths, of both types."""
    command = [sys.executable, __file__, "--serve", which]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("the server has no pipes")
        sqs = sandbox_client(process.stdout.readline().strip(), KEY, "sqs")
        found = {(size, fifo): work(sqs, size, fifo) for fifo in (False, True) for size in sizes}
        process.stdin.close()
    return found


def redrive(messages: int) -> float:
    """Seconds that a whole redrive by the client takes on a sandbox at its usual pace."""
    with tempfile.TemporaryDirectory() as state:
        environment = os.environ | {"OPSCTL_STATE_DIR": state}

        def run(*words: str) -> str:
            return subprocess.run(
                [*OPSCTL, *words], env=environment, check=True, capture_output=True, text=True
            ).stdout

        run("sandbox", "start")
        try:
            told = variables(run("sandbox", "env"))
            sqs = sandbox_client(told["AWS_ENDPOINT_URL"], told["AWS_ACCESS_KEY_ID"], "sqs")
            fill_pair(sqs, messages)
            began = time.monotonic()
            run("--sandbox", "dlq", "redrive", "big-dlq", "--via", "client", "--canary", "0", "--yes", "-q")
            return time.monotonic() - began
        finally:
            run("sandbox", "stop")


def variables(printed: str) -> dict[str, str]:
    """What `sandbox env` prints for a shell."""
    lines = [one.removeprefix("export ") for one in printed.splitlines() if "=" in one]
    return {name: value.strip("'\"") for name, _, value in (one.partition("=") for one in lines)}


def fill_pair(sqs: Any, messages: int) -> None:
    """Make a queue with a dead-letter queue full of messages."""
    dead = sqs.create_queue(QueueName="big-dlq")["QueueUrl"]
    time.sleep(2)
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    sqs.create_queue(QueueName="big", Attributes={"RedrivePolicy": policy})
    for first in range(0, messages, 10):
        sqs.send_message_batch(QueueUrl=dead, Entries=entries(first, fifo=False))
    time.sleep(3)


def main() -> None:
    """Measure both and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--serve", choices=["moto", "ours"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
        return
    ours = measure("ours", (*SMALL, asked.messages // 10, asked.messages))
    moto = measure("moto", SMALL)
    for (size, fifo), took in ours.items():
        kind = "FIFO" if fifo else "standard"
        print(f"{kind:8} {size:6,}: filled in {took.fill_s:5.2f} s, emptied in {took.drain_s:5.2f} s")
    few, more = SMALL
    for fifo in (False, True):
        longer = sum(ours[asked.messages, fifo]) / sum(ours[asked.messages // 10, fifo])
        print(
            f"{'FIFO' if fifo else 'standard':8} ten times the messages take {longer:.0f} times as long; of moto "
            f"three times take {sum(moto[more, fifo]) / sum(moto[few, fifo]):.0f} times, and {more} messages "
            f"{sum(moto[more, fifo]) / sum(ours[more, fifo]):.0f} times what they take here"
        )
    many = asked.messages
    print(f"a redrive of {many:,} by the client, start and planning included: {redrive(many):.1f} s")


if __name__ == "__main__":
    main()
