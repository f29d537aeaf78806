"""Functions for tests, with a role, code and rules."""

import io
import json
import zipfile
from typing import Any

from tests.kit.moto_account import client
from tests.kit.queues import EVENTS_MAY_SEND, receive

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def role(name: str = "r", trust: dict[str, Any] | None = None) -> str:
    """A role that may do everything; returns its ARN."""
    made: str = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or TRUST))[
        "Role"
    ]["Arn"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": "*"}]}
    client("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(document))
    return made


def zipped(source: str) -> bytes:
    """Code in a zip, as `handler.py`."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("handler.py", source)
    return whole.getvalue()


def function(source: str, name: str = "f", role_arn: str | None = None, **more: Any) -> str:
    """A function; returns its ARN."""
    asked = {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Handler": "handler.lambda_handler",
        "Role": role_arn or role(f"role-{name}"),
        "Code": {"ZipFile": zipped(source)},
        "Timeout": 60,
    } | more
    made: str = client("lambda").create_function(**asked)["FunctionArn"]
    return made


def rule(name: str, arn: str, *, allow: bool = True, dead: str | None = None, **more: Any) -> str:
    """A rule with one target, and the permission to call it."""
    made: str = client("events").put_rule(Name=name, **more)["RuleArn"]
    target = {"Id": "1", "Arn": arn} | ({"DeadLetterConfig": {"Arn": dead}} if dead else {})
    client("events").put_targets(Rule=name, Targets=[target])
    if allow and ":lambda:" in arn:
        client("lambda").add_permission(
            FunctionName=arn,
            StatementId=name,
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=made,
        )
    return made


def queue(name: str) -> tuple[str, str]:
    """A queue that any rule may write to; returns its URL and ARN."""
    made = client("sqs").create_queue(QueueName=name, Attributes={"Policy": EVENTS_MAY_SEND})
    url = made["QueueUrl"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def received(url: str) -> list[dict[str, Any]]:
    """Everything in a queue."""
    return receive(url)
