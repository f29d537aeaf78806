"""The records of streams as functions got them, and which of them filters let through."""

import base64
import datetime
import json

import pytest

from opsctl.dlq.stream_events import dynamodb_record, kinesis_record
from opsctl.dlq.stream_filters import StreamFilter
from opsctl.model.value import Json
from tests.recorded.shapes import ACCOUNT, CLICKS, REGION, TABLE, batch

ROLE = f"arn:aws:iam::{ACCOUNT}:role/reads"
NUMBER = "49590338271490256608559692538361571095921575989136588898"
ARRIVED = datetime.datetime(2018, 12, 17, 22, 10, 50, 987000, tzinfo=datetime.UTC)
CREATED = datetime.datetime(2023, 9, 6, 10, 45, 55, tzinfo=datetime.UTC)


def test_a_kinesis_record_has_the_members_that_functions_got() -> None:
    """lambda_/test_lambda_integration_kinesis; the time of arrival as in kinesisStreamEventOneRecord."""
    read: Json = {
        "SequenceNumber": NUMBER,
        "ApproximateArrivalTimestamp": ARRIVED,
        "Data": b'{"record_id": 0}',
        "PartitionKey": "test_0",
    }
    assert kinesis_record(read, batch(CLICKS), REGION, ROLE) == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "test_0",
            "sequenceNumber": NUMBER,
            "data": "eyJyZWNvcmRfaWQiOiAwfQ==",
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{NUMBER}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": ROLE,
        "awsRegion": REGION,
        "eventSourceARN": CLICKS,
    }


def test_a_dynamodb_record_has_the_members_that_functions_got() -> None:
    """lambda_/test_lambda_integration_dynamodbstreams.test_dynamodb_event_source_mapping: binary is base64.

    The time is a number with a decimal point, as in powertools/dynamoStreamEvent.
    """
    read: Json = {
        "eventID": "f07f8ca4b0b26cb9c4e5e77e69f274ee",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": CREATED,
            "Keys": {"my_partition_key": {"S": "hello world"}},
            "NewImage": {"binary_key": {"B": b"foobar"}, "my_partition_key": {"S": "hello world"}},
            "SequenceNumber": "111",
            "SizeBytes": 70,
            "StreamViewType": "NEW_IMAGE",
        },
    }
    made = dynamodb_record(read, batch(TABLE))
    assert made == {
        **read,
        "dynamodb": {
            **read["dynamodb"],
            "ApproximateCreationDateTime": 1693997155.0,
            "NewImage": {"binary_key": {"B": "Zm9vYmFy"}, "my_partition_key": {"S": "hello world"}},
        },
        "eventSourceARN": TABLE,
    }
    assert '"ApproximateCreationDateTime": 1693997155.0' in json.dumps(made)


def row(name: str, image: dict[str, Json]) -> Json:
    """A record of a table whose items have `id` for their key."""
    return {
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": 1693997155.0,
            "Keys": {"id": image["id"]},
            "NewImage": image,
            "SequenceNumber": "111",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


ID, ID_1, ID_2 = {"S": "id_value"}, {"S": "id_value_1"}, {"S": "id_value_2"}
PRESENT = {"S": "presentValue"}


@pytest.mark.parametrize(
    ("first", "second", "pattern", "passing"),
    [
        pytest.param(
            row("INSERT", {"id": ID, "id2": {"S": "id2_value"}}),
            row("MODIFY", {"id": ID, "id2": {"S": "id2_value"}}),
            {"eventName": ["INSERT"]},
            [True, False],
            id="insert_same_entry_twice",
        ),
        pytest.param(
            row("INSERT", {"id": ID}),
            row("MODIFY", {"id": ID, "id2": {"S": "id2_new_value"}}),
            {"eventName": ["INSERT", "MODIFY"]},
            [True, True],
            id="content_or_filter",
        ),
        pytest.param(
            row("INSERT", {"id": ID_1, "presentKey": PRESENT}),
            row("INSERT", {"id": ID_2}),
            {"dynamodb": {"NewImage": {"presentKey": {"S": ["presentValue"]}}}},
            [True, False],
            id="content_filter_type",
        ),
        pytest.param(
            row("INSERT", {"id": ID_1, "presentKey": PRESENT}),
            row("INSERT", {"id": ID_2}),
            {"dynamodb": {"NewImage": {"presentKey": {"S": [{"exists": True}]}}}},
            [True, False],
            id="exists_filter_type",
        ),
        pytest.param(
            row("INSERT", {"id": ID_1}),
            row("INSERT", {"id": ID_2, "presentKey": PRESENT}),
            {"dynamodb": {"NewImage": {"presentKey": [{"exists": False}]}}},
            [True, True],
            id="exists_false_filter",
        ),
        pytest.param(
            row("INSERT", {"id": ID_1, "numericFilter": {"N": "42"}}),
            row("INSERT", {"id": ID_2, "numericFilter": {"N": "101"}}),
            {
                "dynamodb": {
                    "NewImage": {"numericFilter": {"N": [{"numeric": [">", 100]}, {"anything-but": "101"}]}}
                }
            },
            [True, False],
            id="numeric_filter",
        ),
        pytest.param(
            row("INSERT", {"id": ID_1, "prefix": {"S": "us-1-other-suffix"}}),
            row("MODIFY", {"id": ID_1, "prefix": {"S": "other-suffix"}}),
            {"dynamodb": {"NewImage": {"prefix": {"S": [{"prefix": "us-1"}]}}}},
            [True, False],
            id="prefix_filter",
        ),
        pytest.param(
            row("INSERT", {"id": ID_1}),
            row("INSERT", {"id": ID_2}),
            {"dynamodb": {"ApproximateCreationDateTime": [{"numeric": [">", 0]}]}},
            [True, True],
            id="date_time_conversion",
        ),
    ],
)
def test_a_filter_lets_those_records_of_a_table_through_that_its_function_got(
    first: Json, second: Json, pattern: Json, passing: list[bool]
) -> None:
    """lambda_/test_lambda_integration_dynamodbstreams.test_dynamodb_event_filter."""
    chosen = StreamFilter([json.dumps(pattern)], kinesis=False)
    assert [chosen.passes(first), chosen.passes(second)] == passing


def click(data: Json) -> Json:
    text = data if isinstance(data, str) else json.dumps(data)
    return {"kinesis": {"data": base64.b64encode(text.encode()).decode(), "partitionKey": "custom"}}


@pytest.mark.parametrize(
    ("pattern", "passing"),
    [
        pytest.param({"data": {"event_type": ["function_1"]}}, [True, False], id="the first mapping"),
        pytest.param({"data": {"event_type": ["function_2"]}}, [False, True], id="the second mapping"),
    ],
)
def test_a_filter_lets_those_records_of_a_stream_through_that_its_function_got(
    pattern: Json, passing: list[bool]
) -> None:
    """lambda_/test_lambda_integration_kinesis.test_kinesis_event_filtering_json_pattern."""
    chosen = StreamFilter([json.dumps(pattern)], kinesis=True)
    sent = [{"event_type": "function_1", "message": "foo"}, {"event_type": "function_2", "message": "bar"}]
    assert [chosen.passes(click(one)) for one in sent] == passing
