"""The queue worlds: orders, ledger and resize-images, with dead letters as AWS leaves them."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.queue_contents import HOSTS

Clients = Callable[[str], Any]

_MAX_RECEIVE = 3


def make_queues(clients: Clients) -> None:
    """Make the queues with their dead-letter queues, the function with its failure queue, and dead letters."""
    sqs = clients("sqs")
    orders = _with_dead_letters(sqs, "orders", "orders-dlq")
    ledger = _with_dead_letters(sqs, "ledger.fifo", "ledger-dlq.fifo", FifoQueue="true")
    failures = sqs.create_queue(QueueName="resize-images-failures")["QueueUrl"]
    _make_function(clients, sqs, failures)
    _log_timeouts(clients)
    for number in range(12):
        sqs.send_message(QueueUrl=orders, MessageBody=json.dumps(_order(number)))
    sqs.send_message(QueueUrl=orders, MessageBody='{"order": 4712, "total": ')
    sqs.send_message(QueueUrl=orders, MessageBody=json.dumps({"order": 4713, "note": "\x1b[31m<script>[red]"}))
    for account in ("A-1", "A-2"):
        for number in range(3):
            sqs.send_message(
                QueueUrl=ledger,
                MessageBody=json.dumps({"account": account, "booking": number, "amount": "12.50"}),
                MessageGroupId=account,
                MessageDeduplicationId=f"{account}-{number}",
            )
    for queue in (orders, ledger):
        _fail(sqs, queue)
    for number in range(4):
        sqs.send_message(
            QueueUrl=failures,
            MessageBody=json.dumps({"bucket": "uploads", "key": f"photo-{number}.jpg"}),
            MessageAttributes=_lambda_failure(number),
        )


def _with_dead_letters(sqs: Any, name: str, dead: str, **attributes: str) -> str:
    url: str = sqs.create_queue(QueueName=dead, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(_MAX_RECEIVE)})
    made: str = sqs.create_queue(QueueName=name, Attributes=attributes | {"RedrivePolicy": policy})["QueueUrl"]
    return made


def _fail(sqs: Any, queue: str) -> None:
    """Receive everything once more than the queue allows, as a consumer that always fails does."""
    for _ in range(_MAX_RECEIVE + 1):
        held: list[str] = []
        empty = 0
        while empty < HOSTS:
            got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
            held += [one["ReceiptHandle"] for one in got]
            empty = 0 if got else empty + 1
        for handle in held:
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)


def _make_function(clients: Clients, sqs: Any, failures: str) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = clients("iam").create_role(RoleName="resize-images", AssumeRolePolicyDocument=json.dumps(trust))[
        "Role"
    ]["Arn"]
    arn = sqs.get_queue_attributes(QueueUrl=failures, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    clients("iam").put_role_policy(
        RoleName="resize-images",
        PolicyName="failures",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [send]}),
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    clients("lambda").create_function(
        FunctionName="resize-images",
        Runtime="python3.12",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
        DeadLetterConfig={"TargetArn": arn},
    )


def _log_timeouts(clients: Clients) -> None:
    """What Lambda wrote of the invocations whose letters lie in the queue: only the report tells of a timeout."""
    logs, group, stream = clients("logs"), "/aws/lambda/resize-images", "2026/11/24/[$LATEST]f3b7"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    for number in range(4):
        of = f"RequestId: {_request(number)}"
        took = "Duration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 97 MB"
        lines = (
            f"START {of} Version: $LATEST\n",
            f"opening picture-{number}.tiff\n",
            f"END {of}\n",
            f"REPORT {of}\t{took}\tStatus: timeout\n",
        )
        begun = now - 60_000 + 10_000 * number
        events = [
            {"timestamp": begun + (3000 if line.startswith(("END", "REPORT")) else 0), "message": line}
            for line in lines
        ]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def _request(number: int) -> str:
    return f"6f4e2b1c-0000-4000-8000-00000000000{number}"


def _order(number: int) -> dict[str, Json]:
    return {"order": 4700 + number, "total": f"{10 + number}.00", "customer": f"c-{number % 4}"}


def _lambda_failure(number: int) -> dict[str, Json]:
    """The attributes Lambda puts on what it could not process (asynchronous invocation, Lambda guide)."""
    return {
        "RequestID": {"DataType": "String", "StringValue": _request(number)},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "Task timed out after 3.00 seconds"},
    }
