"""Examples of what dlq does."""

import json
from collections.abc import Callable

from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.queues import make_queues
from tests.kit.failing_world import attachments, make_sources
from tests.kit.moto_account import client
from tests.kit.queues import queue, send, there
from tests.registry.example import Example, Seed, Stage

_COUNTED_S = 90
"""SQS's own counts are a minute late."""


def _found(stage: Stage, fact: str, **asked: Json) -> Json:
    look = stage.world.registry.facts[fact].model_validate(asked)
    return run_fetching(look.read(stage.world.about()), stage.world.reader()).model_dump(mode="json")


def _attach(stage: Stage) -> dict[str, Json]:
    return {"attachment": _found(stage, "dlq.attach", source="orders")}


def _alarm(_: Stage) -> dict[str, Json]:
    queue("dead")
    return {"queue": "dead", "topic": client("sns").create_topic(Name="oncall")["TopicArn"]}


def _park(stage: Stage) -> dict[str, Json]:
    send(queue("dead.fifo"), MessageGroupId="a", MessageDeduplicationId="1")
    stage.move(_COUNTED_S)
    return {"park": _found(stage, "dlq.park", queue="dead.fifo", through=True, where="body")}


def _purge(stage: Stage) -> dict[str, Json]:
    url = queue("dead")
    send(url)
    stage.move(_COUNTED_S)
    return {"queue": _found(stage, "sqs.queue", queue="dead")["queue"], "path": str(stage.path / "saved.jsonl")}


def _purge_for_good(stage: Stage) -> dict[str, Json]:
    return _purge(stage) | {"path": ""}


def _import(stage: Stage) -> dict[str, Json]:
    file = stage.path / "saved.jsonl"
    file.write_text(json.dumps({"format": "opsctl.message/v1", "id": "1", "body": "{}", "system": {}}) + "\n")
    queue("orders")
    found = _found(stage, "dlq.file", path=str(file), queue="orders")
    return {name: found[name] for name in ("path", "sha256", "count", "queue")}


def _redrive(stage: Stage) -> dict[str, Json]:
    stage.move(_COUNTED_S)
    return {"redrive": _found(stage, "dlq.redrive", queue="orders-dlq")}


def _messages() -> Json:
    urls = client("sqs").list_queues().get("QueueUrls", [])
    return {name: there(name) for name in sorted(url.rsplit("/", 1)[1] for url in urls)}


def _counted(given: Callable[[Stage], dict[str, Json]], *seeds: Seed) -> Example:
    kept = "messages are sent anew: what counts is that each is there once"
    return Example(given=given, seeds=seeds, look=_messages, kept=kept)


EXAMPLES: dict[str, Example] = {
    "dlq.attach": Example(
        given=_attach,
        seeds=(make_sources,),
        look=lambda: attachments(client),
        kept="a queue says when it was changed last",
    ),
    "dlq.alarm": Example(given=_alarm),
    "dlq.import": _counted(_import),
    "dlq.park": Example(given=_park),
    "dlq.purge": _counted(_purge),
    "dlq.purge, for good": _counted(_purge_for_good),
    "dlq.redrive": _counted(_redrive, make_queues),
}
