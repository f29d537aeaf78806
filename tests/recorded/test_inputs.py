"""What EventBridge made of recorded events for a target, and what is made here of the same event and settings."""

import json

import pytest

from opsctl.model.value import Json
from opsctl.resources.event_inputs import input_for_target
from tests.recorded.shapes import RULE, event, received

# The events of events/test_events_inputs: what a value is in them decides what becomes of it.
PLAIN = event({"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}})
NESTED = event(
    {"command": "update-account", "payload": {"acc_id": "0a7", "payload": {"message": "baz", "id": "123"}}}
)
SPECIAL = event(
    {
        "command": "update-account",
        "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"},
        "listsingle": ["HIGH"],
        "listmulti": ["ACTIVE", "INACTIVE"],
        "valid": True,
    }
)
TYPE, TIME, ID = "core.update-account-command", "2026-01-01T00:00:00Z", "0a787ecb-4015"
SAID = {"detail-type": "$.detail-type", "timestamp": "$.time", "command": "$.detail.command"}
MISSING = {**SAID, "command": "$.detail.notinmessage"}
OF_SPECIAL = {
    "userId": "$.detail.payload.acc_id",
    "payload": "$.detail.payload",
    "systemstring": "$.detail.awsAccountId",
    "listsingle": "$.detail.listsingle",
    "listmulti": "$.detail.listmulti",
    "valid": "$.detail.valid",
}
TEXT = '"Event of <detail-type> type, at time <timestamp>, info extracted from detail <command>"'
STRANGE = '"{[/Check with special starting characters for event of <detail-type> type"'
WHOLE = {name: value for name, value in PLAIN.items() if name not in ("detail", "detail-type")}

# The event and the settings of the guide's own examples.
INSTANCE = event({"instance-id": "i-0123456789", "state": "RUNNING"}, source="aws.ec2")
OF_INSTANCE = {"timestamp": "$.time", "instance": "$.detail.instance-id", "state": "$.detail.state"}


def transformer(template: str, paths: dict[str, str]) -> dict[str, Json]:
    return {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}


def text_row(name: str, source: Json, template: str, paths: dict[str, str], wanted: Json) -> object:
    return pytest.param(source, transformer(template, paths), wanted, id=name)


def special(template: str, wanted: Json) -> object:
    return text_row(f"nested_keys_replacement: {template}", SPECIAL, template, OF_SPECIAL, wanted)


def guide(name: str, template: str, wanted: Json) -> object:
    return text_row(f"EventBridge guide: {name}", INSTANCE, template, OF_INSTANCE, wanted)


DELIVERED_AS_TEXT = [
    pytest.param(PLAIN, {"InputPath": "$.detail.payload.sf_id"}, '"baz"', id="input_path_max_level_depth"),
    text_row(
        "input_template_string: all found",
        PLAIN,
        TEXT,
        SAID,
        f'"Event of {TYPE} type, at time {TIME}, info extracted from detail update-account"',
    ),
    text_row(
        "input_template_string: one missing",
        PLAIN,
        TEXT,
        MISSING,
        f'"Event of {TYPE} type, at time {TIME}, info extracted from detail "',
    ),
    text_row("input_template_string: strange start", PLAIN, STRANGE, SAID, STRANGE.replace("<detail-type>", TYPE)),
    text_row(
        "input_template_string: strange start, one missing",
        PLAIN,
        STRANGE,
        MISSING,
        STRANGE.replace("<detail-type>", TYPE),
    ),
    text_row(
        "predefined_variables: text",
        PLAIN,
        '"All: <aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>"',
        {},
        f'"All: {RULE} big-orders {TIME}"',
    ),
    special(
        '"Payload of <payload> with path users-service/users/<userId> and <userId>"',
        f'"Payload of {{acc_id:{ID},sf_id:baz}} with path users-service/users/{ID} and {ID}"',
    ),
    special('"<listsingle> single list item"', '"[HIGH] single list item"'),
    special('"<listmulti> multiple list items"', '"[ACTIVE,INACTIVE] multiple list items"'),
    special(
        '"<listsingle> single list item <listmulti> multiple list items <systemstring> system account id '
        '<payload> payload <userId> user id"',
        f'"[HIGH] single list item [ACTIVE,INACTIVE] multiple list items  system account id '
        f'{{acc_id:{ID},sf_id:baz}} payload {ID} user id"',
    ),
    special(
        '"<listsingle> single list item"\n"<listmulti> multiple list items"\n"<systemstring> system account id"\n'
        '"<payload> payload"\n"<userId> user id"',
        '"[HIGH] single list item"\n"[ACTIVE,INACTIVE] multiple list items"\n" system account id"\n'
        f'"{{acc_id:{ID},sf_id:baz}} payload"\n"{ID} user id"',
    ),
    special('"Command is <valid>!"', '"Command is true!"'),
    guide("simple string", '"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
    guide(
        "string with escaped quotes",
        r'"instance \"<instance>\" is in <state>"',
        r'"instance \"i-0123456789\" is in RUNNING"',
    ),
    guide("reserved variables in a string", '"<aws.events.rule-name> triggered"', '"big-orders triggered"'),
]

DELIVERED_AS_JSON = [
    pytest.param(PLAIN, {"InputPath": "$.detail"}, PLAIN["detail"], id="input_path"),
    pytest.param(PLAIN, {"InputPath": "$.detail.payload"}, PLAIN["detail"]["payload"], id="input_path_nested[0]"),
    pytest.param(
        NESTED, {"InputPath": "$.detail.payload"}, NESTED["detail"]["payload"], id="input_path_nested[1]"
    ),
    pytest.param(PLAIN, {"InputPath": "$.detail"}, PLAIN["detail"], id="input_path_multiple_targets: with a path"),
    pytest.param(PLAIN, {}, PLAIN, id="input_path_multiple_targets: without"),
    text_row(
        "input_template_json: all found",
        PLAIN,
        '{"detailType": <detail-type>,  "time": <timestamp>, "command": <command>}',
        SAID,
        {"detailType": TYPE, "time": TIME, "command": "update-account"},
    ),
    text_row(
        "input_template_json: one missing",
        PLAIN,
        '{"detailType": <detail-type>,  "time": <timestamp>, "command": <command>}',
        MISSING,
        {"detailType": TYPE, "time": TIME, "command": ""},
    ),
    text_row(
        "predefined_variables: JSON",
        PLAIN,
        '{"originalEvent": <aws.events.event>, "originalEventJson": <aws.events.event.json>}',
        {},
        {"originalEvent": {**WHOLE, "detailType": TYPE}, "originalEventJson": PLAIN},
    ),
    special(
        '{"method": "PUT", "path": "users-service/users/<userId>", "bod": <payload>}',
        {"method": "PUT", "path": f"users-service/users/{ID}", "bod": SPECIAL["detail"]["payload"]},
    ),
    special('{"id" : <userId>}', {"id": ID}),
    special('{"id" : "<userId>"}', {"id": ID}),
    special(
        '{"method": "PUT", "path": "users-service/users/<userId>", "id": <userId>, "body": <payload>}',
        {"method": "PUT", "path": f"users-service/users/{ID}", "id": ID, "body": SPECIAL["detail"]["payload"]},
    ),
    special(
        '{"method": "PUT", "path": "users-service/users/<userId>", "bod": [<userId>, "hardcoded"]}',
        {"method": "PUT", "path": f"users-service/users/{ID}", "bod": [ID, "hardcoded"]},
    ),
    special(
        '{"method": "PUT", "nested": {"level1": {"level2": {"level3": "users-service/users/<userId>"} } }, '
        '"bod": "<userId>"}',
        {"method": "PUT", "nested": {"level1": {"level2": {"level3": f"users-service/users/{ID}"}}}, "bod": ID},
    ),
    special('{"singlelistitem": <listsingle>}', {"singlelistitem": ["HIGH"]}),
    special(
        '{"multi_replacement": "users/<userId>/second/<userId>"}', {"multi_replacement": f"users/{ID}/second/{ID}"}
    ),
    guide(
        "simple JSON",
        '{\n  "instance" : <instance>,\n  "state": <state>\n}',
        {"instance": "i-0123456789", "state": "RUNNING"},
    ),
    guide(
        "JSON with strings and variables",
        '{"instance" : <instance>, "state": "<state>", "status": "instance \\"<instance>\\" is in <state>"}',
        {
            "instance": "i-0123456789",
            "state": "RUNNING",
            "status": 'instance "i-0123456789" is in RUNNING',
        },
    ),
    guide(
        "JSON with a mix of variables and static information",
        '{"instance" : <instance>, "state": [ 9, <state>, true ], "Transformed" : "Yes"}',
        {"instance": "i-0123456789", "state": [9, "RUNNING", True], "Transformed": "Yes"},
    ),
    guide(
        "reserved variables in JSON",
        '{"ruleArn" : <aws.events.rule-arn>, "ruleName" : <aws.events.rule-name>, "state": <state>}',
        {"ruleArn": RULE, "ruleName": "big-orders", "state": "RUNNING"},
    ),
    guide(
        "CloudWatch log group",
        '{"timestamp" : <timestamp>, "message": "instance \\"<instance>\\" is in <state>"}',
        {"timestamp": TIME, "message": 'instance "i-0123456789" is in RUNNING'},
    ),
]


@pytest.mark.parametrize(("source", "settings", "wanted"), DELIVERED_AS_TEXT)
def test_a_target_gets_the_text_that_eventbridge_gave_it(source: Json, settings: Json, wanted: str) -> None:
    assert input_for_target(received(source), settings, RULE) == wanted


@pytest.mark.parametrize(("source", "settings", "wanted"), DELIVERED_AS_JSON)
def test_a_target_gets_the_json_that_eventbridge_gave_it(source: Json, settings: Json, wanted: Json) -> None:
    assert json.loads(input_for_target(received(source), settings, RULE)) == wanted


@pytest.mark.parametrize(
    "template",
    [
        '{"not_valid": "users-service/users/<payload>", "bod": <payload>}',
        '{"payload": "<payload>"}',
        '{"singlelistitem": "<listsingle>"}',
        '{"singlelistitem": "<listsingle>", "multiplelistitems": "<listmulti>"}',
    ],
)
def test_what_eventbridge_did_not_deliver_is_not_delivered(template: str) -> None:
    """events/test_events_inputs.test_input_transformer_nested_keys_replacement_not_valid."""
    with pytest.raises(ValueError, match="EventBridge delivers nothing"):
        input_for_target(received(SPECIAL), transformer(template, OF_SPECIAL), RULE)
