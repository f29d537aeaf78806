"""An object told of again, in the form in which a rule tells of it; pure.

Source: S3 guide, "EventBridge event message structure" and "Event message structure" (the key is URL-encoded
there).
"""

import json
from urllib.parse import quote_plus

from opsctl.events.arns import bucket_arn
from opsctl.model.value import Json, Value


class CameBetween(Value):
    """An object that came while S3 followed a cutover: its key, when it was written, how large it is."""

    key: str
    time: str
    size: int | None = None
    etag: str = ""


class ToldAs(Value):
    """Of which bucket, and how: as EventBridge's event or, with the name of an event, as `Records` of S3."""

    bucket: str
    account: str
    region: str
    partition: str = "aws"
    record_event: str = ""

    def message(self, one: CameBetween) -> str:
        """The message for one object."""
        told = self._record(one) if self.record_event else self._event(one)
        return json.dumps(told, sort_keys=True)

    def _event(self, one: CameBetween) -> Json:
        return {
            "version": "0",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": self.account,
            "time": one.time,
            "region": self.region,
            "resources": [bucket_arn(self.bucket, self.partition)],
            "detail": {
                "bucket": {"name": self.bucket},
                "object": {"key": one.key, "size": one.size, "etag": one.etag},
            },
        }

    def _record(self, one: CameBetween) -> Json:
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self.region,
            "eventTime": one.time,
            "eventName": self.record_event,
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": {"name": self.bucket, "arn": bucket_arn(self.bucket, self.partition)},
                "object": {"key": quote_plus(one.key, safe="/"), "size": one.size, "eTag": one.etag},
            },
        }
        return {"Records": [record]}
