"""Buckets that notify: one with entries of several owners, one of them dead, and one that notifies nobody yet."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]
BUCKET = "shop-uploads"
_OF_CDK = (
    "arn:aws:cloudformation:us-east-1:123456789012:stack/MediaArchive/6f1c7a10-0d3e-11f0-8f0a-0affd0b6a1c7"
    "--7281934420911734210"
)
"""As the handler names an entry that CDK deploys for a bucket that it did not make: the stack, and a hash."""


def make_uploads(clients: Clients, role: str) -> None:
    """Make the buckets, what they notify, and a rule for what EventBridge gets of them."""
    s3 = clients("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.create_bucket(Bucket="shop-avatars")
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "ManagedBy", "Value": "terraform"}]})
    scans = _queue(clients, "upload-scans", "s3.amazonaws.com", f"arn:aws:s3:::{BUCKET}")
    index = _queue(clients, "search-index", "events.amazonaws.com", _rule(clients))
    _queue(clients, "thumbnail-requests", "", "")
    gone = _function(clients, role)
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "Id": "NTBkYjU3Y2UtM2Zk",
                    "QueueArn": scans,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}},
                }
            ],
            "TopicConfigurations": [
                {"Id": _OF_CDK, "TopicArn": _topic(clients), "Events": ["s3:ObjectRestore:Completed"]}
            ],
            "LambdaFunctionConfigurations": [
                {"Id": "old-thumbnailer", "LambdaFunctionArn": gone, "Events": ["s3:ObjectRemoved:*"]}
            ],
            "EventBridgeConfiguration": {},
        },
    )
    clients("lambda").delete_function(FunctionName="old-thumbnailer")
    clients("events").put_targets(Rule="index-uploads", Targets=[{"Id": "index", "Arn": index}])


def _topic(clients: Clients) -> str:
    sns = clients("sns")
    arn: str = sns.create_topic(Name="restored-media")["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{BUCKET}"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return arn


def _rule(clients: Clients) -> str:
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [BUCKET]}}}
    made: str = clients("events").put_rule(Name="index-uploads", EventPattern=json.dumps(pattern))["RuleArn"]
    return made


def _queue(clients: Clients, name: str, service: str, source: str) -> str:
    """A queue that lets one resource in, or nobody."""
    sqs = clients("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if service:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return arn


def _function(clients: Clients, role: str) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    lambda_ = clients("lambda")
    made: str = lambda_.create_function(
        FunctionName="old-thumbnailer",
        Role=role,
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    lambda_.add_permission(
        FunctionName="old-thumbnailer",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{BUCKET}",
    )
    return made
