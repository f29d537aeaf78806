"""The key of the topic that is told: who has to be let use it, and what has to be added where."""

import json

import pytest

from opsctl.ha.result import HaPreflightResult
from opsctl.model.value import Json
from tests.kit.canned import denied
from tests.kit.lone_instance import ids, look

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ops"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/k"
ROOT: Json = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*"}
SERVICES: Json = {
    "Effect": "Allow",
    "Principal": {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]},
    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
    "Resource": "*",
}


def seen_with(
    *statements: Json, manager: str = "CUSTOMER", state: str = "Enabled", **asked: Json
) -> HaPreflightResult:
    attributes = {"Policy": '{"Statement": []}', "KmsMasterKeyId": "alias/ops"}
    metadata = {"Arn": KEY, "KeyManager": manager, "KeyState": state}
    answers = {
        "sns.GetTopicAttributes": {"Attributes": attributes},
        "kms.DescribeKey": {"KeyMetadata": metadata},
        "kms.GetKeyPolicy": {"Policy": json.dumps({"Statement": list(statements)})},
    }
    return look(answers=answers, topic=TOPIC, **asked)


def warned(found: HaPreflightResult) -> list[str]:
    return [f"{one.what}; {one.why}" for one in found.verdicts if one.id == "topic-key" and one.kind == "warn"]


def test_a_key_that_everybody_may_use_is_handed_to_the_handler() -> None:
    found = seen_with(ROOT, SERVICES)
    assert (found.topic_key, warned(found), "topic-key" in ids(found, "fix")) == (KEY, [], True)
    assert look(topic="").topic_key == ""


def test_who_may_not_use_it_is_named_with_the_statement_that_lacks() -> None:
    alarms, events, handler = warned(seen_with())
    assert "cloudwatch.amazonaws.com" in alarms
    assert "events.amazonaws.com" in events
    root = json.loads(handler[handler.index("{") :])
    assert warned(seen_with(SERVICES, root)) == [], "what is named is what is needed"
    assert warned(seen_with(SERVICES, root | {"Action": "kms:Decrypt"})) != []
    assert warned(seen_with(SERVICES, ROOT | {"Principal": {"AWS": "arn:aws:iam::999999999999:root"}})) != []
    added = [json.loads(one[one.index("{") :]) for one in (alarms, events)]
    assert warned(seen_with(ROOT, *added)) == []


def test_alarms_alone_count_where_there_is_no_handler() -> None:
    assert len(warned(seen_with(ROOT, mode="recover"))) == 1


@pytest.mark.parametrize(("manager", "state"), [("AWS", "Enabled"), ("CUSTOMER", "PendingDeletion")])
def test_a_key_that_cannot_do_is_told_in_every_mode(manager: str, state: str) -> None:
    for mode in ("asg", "recover"):
        assert len(warned(seen_with(ROOT, SERVICES, manager=manager, state=state, mode=mode))) == 1


def test_a_key_that_cannot_be_looked_at_is_unknown() -> None:
    attributes = {"Attributes": {"Policy": "{}", "KmsMasterKeyId": "alias/ops"}}
    found = look(
        answers={"sns.GetTopicAttributes": attributes, "kms.DescribeKey": denied("kms.DescribeKey")}, topic=TOPIC
    )
    assert ("unknown-topic-key" in ids(found, "unknown"), found.topic_key) == (True, "")
