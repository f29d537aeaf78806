"""The records of a stream as Lambda hands them to a function; pure.

Source: Lambda guide, "Using Lambda with Kinesis" and "... with DynamoDB"; DynamoDB API reference, streams Record;
events recorded in public tests.
"""

import base64
import datetime
import json

from opsctl.model.value import Json


def kinesis_record(record: Json, info: dict[str, Json], region: str, role: str) -> Json:
    """One record of GetRecords of Kinesis; `role` is the one with which Lambda read it."""
    return _as_json(
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": record["Data"],
                "approximateArrivalTimestamp": record.get("ApproximateArrivalTimestamp"),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{info['shardId']}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": role,
            "awsRegion": region,
            "eventSourceARN": info["streamArn"],
        }
    )


def dynamodb_record(record: Json, info: dict[str, Json]) -> Json:
    """One record of GetRecords of DynamoDB; who deleted an item is told in small letters."""
    identity = record.get("userIdentity")
    small = {f"{name[:1].lower()}{name[1:]}": value for name, value in (identity or {}).items()}
    return _as_json(
        {**record, "eventSourceARN": info["streamArn"], **({"userIdentity": small} if identity else {})}
    )


def _as_json(record: dict[str, Json]) -> Json:
    return json.loads(json.dumps(record, default=_plain))


def _plain(value: object) -> Json:
    """What JSON has no form for: times are seconds with a decimal point, binary is base64."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
