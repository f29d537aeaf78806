"""SQS: finding a queue by name, URL or ARN, and what it says of itself."""

import re

from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json, Value, json_object
from opsctl.resources.queue_policy import let_in
from opsctl.resources.resource_policies import statements_of

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}(\.fifo)?")
_URL = re.compile(r"https?://(?P<host>[^/]+)/(?P<account>\d{12})/(?P<name>[^/]+)/?")
_HOST = re.compile(r"(?:vpce-[^.]+\.)?(?:sqs(?:-fips)?\.)(?P<region>[a-z]+(?:-[a-z]+)+-\d)\..*")

_ALIKE = 3
"""So many letters of a name are right, mostly."""


class QueueFacts(Value):
    """A queue: names, type, how many messages it has (approximate), its timings in seconds, its policies.

    `statements` is how many its policy has; `topics` and `rules` are the ARN patterns of SNS topics and
    EventBridge rules that its policy lets send.
    """

    name: str
    arn: str
    url: str
    fifo: bool
    visible: int
    hidden: int
    delayed: int
    visibility_s: int
    retention_s: int
    max_bytes: int = 1_048_576
    dead_letter_arn: str = ""
    max_receive: int = 0
    redrive_allow: str = ""
    key: str = ""
    statements: int = 0
    topics: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """All messages, visible or not."""
        return self.visible + self.hidden + self.delayed


def queue_attributes(url: Json) -> Read:
    """Read everything a queue says of itself."""
    return Read(service="sqs", operation="GetQueueAttributes", params={"QueueUrl": url, "AttributeNames": ["All"]})


def place_of_url(url: str, region: str) -> tuple[str, str, str] | None:
    """Region, account and name of a queue by its URL; `region` is for hosts that do not tell it."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    host = _HOST.fullmatch(match["host"])
    return (host["region"] if host else region), match["account"], match["name"]


def get_queue_url(name: str, owner: str = "") -> Read:
    """Read the URL of a queue, of the caller's account or of that of its `owner`."""
    params = {"QueueName": name, **({"QueueOwnerAWSAccountId": owner} if owner else {})}
    return Read(service="sqs", operation="GetQueueUrl", params=params)


def queue_url(arn: str) -> Read:
    """Read the URL of a queue by its ARN; it is another one in each Region."""
    _, _, _, _, account, name = arn.split(":")
    return get_queue_url(name, account)


def find_queue(asked: str, about: Context, *, source: str) -> Fetching[QueueFacts]:
    """Find the queue that a person named; `source` is the flag or input it came from.

    Raises:
        InvalidInput: it is no queue's name, belongs elsewhere, or does not exist.
        FactUnknown: it may not be read.
    """
    name = queue_name_of(asked, about, source)
    answer = yield from fetch(get_queue_url(name))
    if answer.refusal is not None:
        if answer.refusal.kind is not RefusalKind.MISSING:
            raise FactUnknown(answer.refusal)
        raise InvalidInput.one(
            f"there is no queue {name!r} in account {about.account}, region {about.region}",
            source=source,
            hint=f"{queues_like(name, about)} shows the queues that there are, "
            f"{about.commands.opsctl('dlq', 'list')} the dead-letter queues; or use another --region",
        )
    url = str(answer.value["QueueUrl"])
    answer = yield from fetch(queue_attributes(url))
    if answer.refusal is not None:
        raise FactUnknown(answer.refusal)
    return parse_queue(url, answer.value)


def queues_like(name: str, about: Context) -> str:
    """The command that lists queues whose names begin as one does: ListQueues looks for nothing else."""
    return about.commands.aws("sqs", "list-queues", "--queue-name-prefix", name[:_ALIKE])


def parse_queue(url: str, answer: Json) -> QueueFacts:
    """Turn the answer of GetQueueAttributes into facts."""
    told: dict[str, str] = answer.get("Attributes") or {}
    redrive = json_object(told.get("RedrivePolicy") or "") or {}
    allow = json_object(told.get("RedriveAllowPolicy") or "") or {}
    name = told["QueueArn"].rpartition(":")[2]
    return QueueFacts(
        name=name,
        arn=told["QueueArn"],
        url=url,
        fifo=name.endswith(".fifo"),
        visible=int(told.get("ApproximateNumberOfMessages", 0)),
        hidden=int(told.get("ApproximateNumberOfMessagesNotVisible", 0)),
        delayed=int(told.get("ApproximateNumberOfMessagesDelayed", 0)),
        visibility_s=int(told.get("VisibilityTimeout", 30)),
        retention_s=int(told.get("MessageRetentionPeriod", 345_600)),
        max_bytes=int(told.get("MaximumMessageSize", 1_048_576)),
        dead_letter_arn=str(redrive.get("deadLetterTargetArn", "")),
        max_receive=int(redrive.get("maxReceiveCount", 0)),
        redrive_allow=str(allow.get("redrivePermission", "")),
        key=told.get("KmsMasterKeyId", ""),
        statements=len(statements_of(told.get("Policy", ""))),
        topics=let_in(told.get("Policy", ""), "sns.amazonaws.com"),
        rules=let_in(told.get("Policy", ""), "events.amazonaws.com"),
    )


def policy_full(name: str, statements: int) -> str:
    """Say that a queue's policy takes no more statements, or nothing (SQS guide, "Amazon SQS policy quotas")."""
    if statements < _STATEMENTS_AT_MOST:
        return ""
    return f"{name}: its policy has {statements} statements, and SQS takes no more"


_STATEMENTS_AT_MOST = 20


def url_for(arn: str, like: str) -> str:
    """The URL of a queue of the same account and region as another queue's URL."""
    return f"{like.rpartition('/')[0]}/{arn.rpartition(':')[2]}"


def queue_name_of(asked: str, about: Context, source: str) -> str:
    """Return the name in a queue's name, URL or ARN.

    Raises:
        InvalidInput: it is none of them, or belongs to another account or region.
    """
    account, region, name = about.account, about.region, asked
    if asked.startswith("arn:"):
        parts = asked.split(":")
        if len(parts) != 6 or parts[2] != "sqs":
            raise InvalidInput.one(f"{asked!r} is not the ARN of a queue", source=source)
        region, account, name = parts[3], parts[4], parts[5]
    elif match := _URL.fullmatch(asked):
        account, name = match["account"], match["name"]
        host = _HOST.fullmatch(match["host"])
        region = host["region"] if host else region
    if not _NAME.fullmatch(name):
        raise InvalidInput.one(
            f"{asked!r} is not a queue's name, URL or ARN",
            source=source,
            hint="a name has letters, digits, - and _, and ends in .fifo for a FIFO queue",
        )
    if account != about.account:
        raise InvalidInput.one(
            f"queue {name} belongs to account {account}, the credentials to {about.account}",
            source=source,
            hint="use --profile or --role-arn of that account",
        )
    if region != about.region:
        raise InvalidInput.one(
            f"queue {name} is in {region}, this run in {about.region}", source=source, hint=f"--region {region}"
        )
    return name
