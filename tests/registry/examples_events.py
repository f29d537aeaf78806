"""Examples of the actions on what hands events on."""

import json

from opsctl.model.value import Json
from opsctl.sandbox.worlds.uploads import BUCKET
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


EXAMPLES: dict[str, Example] = {
    "s3.notify": Example(given=_notify, seeds=(make_bucket,), look=_look, kept=_LOOKED_AT),
    "s3.unnotify": Example(given=_unnotify, seeds=(make_bucket,), look=_look, kept=_LOOKED_AT),
    "s3.restore": Example(given=_restore, seeds=(make_bucket,), look=_look, kept=_LOOKED_AT),
}
