"""What S3 adds to an event and nobody told is in no form of it."""

import json

from opsctl.events import event_forms


def test_an_event_of_s3_has_neither_an_id_nor_a_time_that_nobody_told() -> None:
    event = event_forms.S3Event(name="s3:ObjectCreated:Put", key="a.jpg")
    told = json.loads(event_forms.as_eventbridge(event, "arn:aws:s3:::uploads", "us-east-1", "123456789012"))
    assert not {"id", "time"} & told.keys()
    assert told["detail"]["object"] == {"key": "a.jpg"}
    assert {"id", "time"} <= set(event_forms.unsure_of(event))
