"""Examples of the actions on what hands events on."""

import json

from opsctl.events.topic_archives import point
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.worlds.outage import BUS, make_outage
from opsctl.sandbox.worlds.shop_events import QUEUE, ROLE, make_custom_bus
from opsctl.sandbox.worlds.topic_outage import MISSED, TOPIC, make_topic_outage
from opsctl.sandbox.worlds.uploads import BUCKET
from tests.kit.custom_bus import bus_arn, subscribers
from tests.kit.moto_account import client
from tests.kit.outage import ago, put_orders
from tests.kit.topic_outage import replay_of, subscription_to, topic
from tests.kit.uploads import configuration, make_bucket, policy, put, queue_arn
from tests.registry.example import Example, Stage

_LOOKED_AT = "S3 keeps it beside the account's memory, and gives entries ids of its own"


def _look() -> Json:
    return [configuration(), policy("thumbnail-requests")]


def _notify(stage: Stage) -> dict[str, Json]:
    return {
        "bucket": BUCKET,
        "destination": queue_arn(stage.world, "thumbnail-requests"),
        "events": ["s3:ObjectCreated:*"],
        "prefix": "img/",
        "skip_validation": True,
        "why": "thumbnails are made of it",
    }


def _unnotify(_: Stage) -> dict[str, Json]:
    return {"bucket": BUCKET, "ids": ["old-thumbnailer"], "why": "its function is gone"}


def _restore(_: Stage) -> dict[str, Json]:
    document = json.dumps(configuration())
    put({})
    return {"bucket": BUCKET, "document": document, "skip_validation": True, "why": "somebody wrote over it"}


def _subscribe(stage: Stage) -> dict[str, Json]:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="billing")["QueueUrl"]
    topic = client("sns").create_topic(Name="orders")["TopicArn"]
    more = {"raw": True, "filter": '{"kind": ["paid"]}', "why": "bills are written for orders"}
    return {"topic": topic, "queue": queue_arn(stage.world, "billing"), "url": url} | more


def _unsubscribe(stage: Stage) -> dict[str, Json]:
    wish = _subscribe(stage)
    settings = {"RawMessageDelivery": "true", "FilterPolicy": '{"kind": ["paid"]}'}
    made = client("sns").subscribe(
        TopicArn=wish["topic"],
        Protocol="sqs",
        Endpoint=wish["queue"],
        Attributes=settings,
        ReturnSubscriptionArn=True,
    )
    return {name: wish[name] for name in ("topic", "queue", "why")} | {"subscription": made["SubscriptionArn"]}


def _subscriptions() -> Json:
    """How queues are subscribed, whatever the subscriptions are called; the queues there are, and a policy."""
    sns = client("sns")
    listed = sns.list_subscriptions()["Subscriptions"]
    told = [
        sns.get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])["Attributes"] for one in listed
    ]
    named = [{name: one[name] for name in one if name != "SubscriptionArn"} for one in told]
    return [named, sorted(client("sqs").list_queues()["QueueUrls"]), policy("billing")]


def _archive(stage: Stage) -> dict[str, Json]:
    bus = f"arn:aws:events:us-east-1:{stage.world.account}:event-bus/default"
    return {"archive": "default", "bus_arn": bus, "days": 30, "why": "events are to be replayed"}


def _archives() -> Json:
    """Archives without their times, and the rules that AWS makes for them."""
    events = client("events")
    names = [one["ArchiveName"] for one in events.list_archives()["Archives"]]
    told = [events.describe_archive(ArchiveName=name) for name in names]
    kept = [[one["ArchiveName"], one["RetentionDays"], one["Description"]] for one in told]
    return [kept, sorted(one["Name"] for one in events.list_rules()["Rules"])]


def _span(stage: Stage) -> dict[str, Json]:
    """The orders of the outage, which is hours ago."""
    stage.move(24 * 3600)
    about = conditions(stage.world.account)
    put_orders(about, 1, 2, minutes_ago=50)
    arn = f"arn:aws:events:us-east-1:{stage.world.account}"
    return {
        "archive_arn": f"{arn}:archive/orders-archive",
        "bus_arn": f"{arn}:event-bus/{BUS}",
        "start": ago(about, 1),
        "end": ago(about, 0.5),
        "why": "the bills were not written",
    }


def _replay(stage: Stage) -> dict[str, Json]:
    arn = f"arn:aws:events:us-east-1:{stage.world.account}:rule/{BUS}/bill-orders"
    return _span(stage) | {"rules": [arn], "reached": ["bill-orders"]}


def _replay_into(stage: Stage) -> dict[str, Json]:
    url = client("sqs").create_queue(QueueName="again")["QueueUrl"]
    return _span(stage) | {"queue": queue_arn(stage.world, "again"), "url": url}


def _rules_of_the_bus() -> Json:
    names = sorted(one["Name"] for one in client("events").list_rules(EventBusName=BUS)["Rules"])
    return [names, policy("again")]


def _archive_of_topic(_: Stage) -> dict[str, Json]:
    arn = client("sns").create_topic(Name="bare.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    return {"topic": arn, "days": 30, "why": "messages are to be replayed"}


def _replay_of_topic(stage: Stage) -> dict[str, Json]:
    stage.move(24 * 3600)
    now = conditions(stage.world.account).now()
    span = {"start": point(now - 23 * 3600), "end": point(now - 600), "resume_at": point(now - 60)}
    who = {"subscription": subscription_to(MISSED), "endpoint": MISSED, "topic": TOPIC}
    return who | span | {"why": "the ledger missed orders"}


def _replay_of_topic_into(stage: Stage) -> dict[str, Json]:
    url = client("sqs").create_queue(QueueName="again.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    stage.move(24 * 3600)
    now = conditions(stage.world.account).now()
    span = {"start": point(now - 23 * 3600), "end": point(now - 600), "since": point(now - 60)}
    names = {"topic": topic(), "queue": queue_arn(stage.world, "again.fifo"), "url": url}
    return names | span | {"why": "the ledger missed orders"}


def _receives() -> Json:
    """Whether the subscription receives what is new."""
    return "EndingPoint" not in replay_of(MISSED)


def _replay_of_custom_bus(stage: Stage) -> dict[str, Json]:
    stage.move(3600)
    now = conditions(stage.world.account).now()
    names = {"bus_arn": bus_arn(), "queue": queue_arn(stage.world, QUEUE), "quiet_s": 30}
    role = f"arn:aws:iam::{stage.world.account}:role/{ROLE}"
    span = {"start": point(now - 3500), "end": point(now - 60)}
    url = client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"]
    return names | span | {"role": role, "url": url, "why": "the orders were not shipped"}


_NAMED_ANEW = "SNS gives a subscription that is made again another ARN"
EXAMPLES: dict[str, Example] = {
    "events.replay": Example(
        given=_replay, seeds=(make_outage,), look=lambda: None, kept="what was sent stays sent"
    ),
    "events.replay_into": Example(
        given=_replay_into, seeds=(make_outage,), look=_rules_of_the_bus, kept="what was sent stays sent"
    ),
    "events.custom_bus_replay": Example(
        given=_replay_of_custom_bus,
        seeds=(make_custom_bus,),
        look=lambda: [*subscribers()],
        kept="what was sent stays sent",
    ),
    "events.topic_archive": Example(given=_archive_of_topic),
    "events.topic_replay": Example(
        given=_replay_of_topic, seeds=(make_topic_outage,), look=_receives, kept="what was sent stays sent"
    ),
    "events.topic_replay_into": Example(
        given=_replay_of_topic_into,
        seeds=(make_topic_outage,),
        look=lambda: [len(client("sns").list_subscriptions()["Subscriptions"]), policy("again.fifo")],
        kept="what was sent stays sent",
    ),
    "events.archive": Example(given=_archive, look=_archives, kept="AWS dates an archive anew"),
    "s3.notify": Example(given=_notify, seeds=(make_bucket,), look=_look, kept=_LOOKED_AT),
    "s3.unnotify": Example(given=_unnotify, seeds=(make_bucket,), look=_look, kept=_LOOKED_AT),
    "sns.subscribe": Example(given=_subscribe, look=_subscriptions, kept=_NAMED_ANEW),
    "sns.unsubscribe": Example(given=_unsubscribe, look=_subscriptions, kept=_NAMED_ANEW),
    "s3.restore": Example(given=_restore, seeds=(make_bucket,), look=_look, kept=_LOOKED_AT),
}
