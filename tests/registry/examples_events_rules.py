"""Examples of the actions that hand events on by rules."""

import json
import os

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.worlds.uploads import BUCKET
from tests.kit.functions import TRUST
from tests.kit.moto_account import client
from tests.kit.timed import move
from tests.kit.uploads import configuration, make_bucket, policy, put, queue_arn
from tests.registry.example import Example, Stage

_LOOKED_AT = "S3 keeps it beside the account's memory, and gives entries ids of its own"


def _look() -> Json:
    return [configuration(), policy("thumbnail-requests")]


def _route(stage: Stage) -> dict[str, Json]:
    url = client("sqs").create_queue(QueueName="billing")["QueueUrl"]
    pattern = {"source": ["shop"], "detail-type": ["paid"]}
    more = {
        "rule": "paid-orders",
        "pattern": pattern,
        "destination": queue_arn(stage.world, "billing"),
        "url": url,
    }
    return more | {"why": "bills are written for paid orders"}


def _routes() -> Json:
    """Rules, targets, queues and a policy, a moment later: a new queue is not seen everywhere in its first one."""
    move(conditions(os.environ["MOTO_ACCOUNT_ID"]), 5)
    events = client("events")
    rules = [
        [one["Name"], one["State"], events.list_targets_by_rule(Rule=one["Name"])["Targets"]]
        for one in events.list_rules()["Rules"]
    ]
    return [rules, sorted(client("sqs").list_queues()["QueueUrls"]), policy("billing")]


def _enable(_: Stage) -> dict[str, Json]:
    client("events").put_rule(Name="paid-orders", EventPattern='{"source": ["shop"]}', State="DISABLED")
    return {"rule": "paid-orders", "why": "bills are written for paid orders"}


def _eventbridge(_: Stage) -> dict[str, Json]:
    put({name: value for name, value in configuration().items() if name != "EventBridgeConfiguration"})
    return {"bucket": BUCKET, "skip_validation": True, "why": "rules choose from it"}


def _gap(_: Stage) -> dict[str, Json]:
    return {"bucket": BUCKET, "wait_s": 0, "why": "somebody has to be told of them"}


def _entry(stage: Stage) -> dict[str, Json]:
    account = stage.world.account
    return {
        "api": "parcels",
        "bus_arn": f"arn:aws:events:us-east-1:{account}:event-bus/default",
        "role_arn": f"arn:aws:iam::{account}:role/parcels-puts-events",
        "source": "partner",
        "detail_type": "parcel",
        "rate": 10,
        "burst": 20,
        "why": "a partner tells of parcels",
    }


def _canary(stage: Stage) -> dict[str, Json]:
    url = client("sqs").create_queue(QueueName="billing")["QueueUrl"]
    arn = queue_arn(stage.world, "billing")
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]})
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    topic = client("sns").create_topic(Name="orders")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return {"source": topic, "queues": [{"name": "billing", "arn": arn, "url": url}]}


def _finish(stage: Stage) -> dict[str, Json]:
    arn = f"arn:aws:sqs:us-east-1:{stage.world.account}:billing"
    own = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [reads, own]}
    client("iam").create_role(RoleName="checkout", AssumeRolePolicyDocument=json.dumps(TRUST))
    client("iam").put_role_policy(RoleName="checkout", PolicyName="sends", PolicyDocument=json.dumps(document))
    found = {"role": "checkout", "policy": "sends", "document": document, "why": "it publishes by now"}
    return found | {"statements": [{"old": own, "new": []}]}


def _rights() -> Json:
    told = client("iam").get_role_policy(RoleName="checkout", PolicyName="sends")["PolicyDocument"]
    return sorted(json.dumps(one, sort_keys=True) for one in told["Statement"])


def _tell_again(stage: Stage) -> dict[str, Json]:
    queue = queue_arn(stage.world, "upload-scans")
    url = client("sqs").get_queue_url(QueueName="upload-scans")["QueueUrl"]
    told = {"bucket": BUCKET, "account": stage.world.account, "region": "us-east-1"}
    objects = [{"key": f"incoming/{number}.pdf", "time": "2026-12-01T10:15:00Z"} for number in range(2)]
    return {"told": told, "objects": objects, "destination": queue, "queue_url": url, "why": "they came between"}


EXAMPLES: dict[str, Example] = {
    "fanout.finish": Example(given=_finish, look=_rights, kept="the text of a policy is written anew"),
    "fanout.canary": Example(
        given=_canary, look=lambda: None, kept="what was sent stays sent where it was not seen"
    ),
    "events.entry": Example(given=_entry),
    "events.enable": Example(given=_enable),
    "events.route": Example(given=_route, look=_routes, kept="a queue is looked at when it is seen everywhere"),
    "s3.eventbridge": Example(given=_eventbridge, seeds=(make_bucket,), look=_look, kept=_LOOKED_AT),
    "s3.tell_again": Example(
        given=_tell_again, seeds=(make_bucket,), look=lambda: None, kept="what was sent is sent"
    ),
    "s3.gap": Example(given=_gap, seeds=(make_bucket,), look=lambda: None, kept="it only lists"),
}
