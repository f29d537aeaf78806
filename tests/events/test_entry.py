"""An entry with its callers as witnesses: they are told whether the event got to the bus."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.events.entry_document import EntryWish, entry_document
from opsctl.events.hops import Waypoint
from opsctl.events.node_kinds.api_gateway import read_rest
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.velocity import render_template
from tests.kit.api_calls import call_api
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal

BUS, QUEUE = "orders", "bills"
WISH: dict[str, Json] = {"bus": BUS, "source": "shop.orders", "detail_type": "OrderPaid"}


def make_bus(_: object) -> None:
    """A bus whose events go to a queue."""
    events, sqs = client("events"), client("sqs")
    events.create_event_bus(Name=BUS)
    url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allowed, "Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_rule(Name="all", EventBusName=BUS, EventPattern='{"source": ["shop.orders"]}')
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "bills", "Arn": arn}])


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_bus) as made:
        yield made


def made(world: World, **more: Json) -> tuple[str, Any, MemoryJournal]:
    plan, journal = world.plan("events-entry", WISH | more), MemoryJournal()
    run(plan, world.aws, world, journal)
    (api,) = client("apigateway").get_rest_apis()["items"]
    return api["id"], plan, journal


def arrived() -> list[Json]:
    url = client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"]
    told = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages") or []
    return [json.loads(one["Body"]) for one in told]


def test_what_is_sent_arrives_to_the_letter_and_undo_leaves_nothing(world: World) -> None:
    api, plan, journal = made(world)
    text = (
        '{"who": "O\'Hara \\"x\\" $input #if", "far": "\\u00e4ä€🚀", "price": 10.00, "at": "a/b\\n", "tab": "\\t"}'
    )
    status, told = call_api(api, text)
    assert status == 200
    (event,) = arrived()
    (found,) = client("apigateway").get_rest_apis()["items"]
    assert found["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert (event["source"], event["detail-type"], event["detail"]) == (
        "shop.orders",
        "OrderPaid",
        json.loads(text),
    )
    assert event["id"] == told["eventId"]
    undo(plan, world, journal)
    assert client("apigateway").get_rest_apis()["items"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert call_api(api, text).status == 403


@pytest.mark.parametrize("text", ["no json", "{", "", '{"a": }'])
def test_an_event_that_the_bus_refuses_is_an_error_of_the_caller(world: World, text: str) -> None:
    api, _, _ = made(world)
    status, told = call_api(api, text)
    assert status == 400
    assert told["code"] in ("MalformedDetail", "InvalidArgument")
    assert arrived() == []


def test_a_role_that_may_not_put_events_any_more_is_an_error(world: World) -> None:
    api, _, _ = made(world)
    client("iam").delete_role_policy(RoleName=f"{BUS}-entry-puts-events", PolicyName="opsctl")
    assert call_api(api, "{}").status == 502
    assert arrived() == []


def test_it_takes_json_alone_and_no_more_than_was_said(world: World) -> None:
    api, _, _ = made(world, rate=1, burst=2)
    assert call_api(api, "a=b", content_type="application/x-www-form-urlencoded").status == 415
    assert [call_api(api, "{}").status for _ in range(2)] == [200, 429]
    stage = client("apigateway").get_stage(restApiId=api, stageName="v1")["methodSettings"]["*/*"]
    assert (stage["throttlingRateLimit"], stage["throttlingBurstLimit"]) == (1, 2)


def test_who_may_not_invoke_it_is_not_let_in(world: World) -> None:
    api, _, _ = made(world)
    iam = client("iam")
    keys = {}
    for name in ("partner", "stranger"):
        iam.create_user(UserName=name)
        keys[name] = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    resource = f"arn:aws:execute-api:us-east-1:{world.account}:{api}/v1/POST/events"
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="partner", PolicyName="sends", PolicyDocument=document)
    assert call_api(api, "{}", key=keys["partner"]).status == 200
    assert call_api(api, "{}", key=keys["stranger"]).status == 403
    assert call_api(api, "{}", key="AKIAIOSFODNN7EXAMPLE").status == 403
    assert len(arrived()) == 1


def test_a_user_pool_is_asked_for_tokens(world: World) -> None:
    arn = client("cognito-idp").create_user_pool(PoolName="customers")["UserPool"]["Arn"]
    api, _, _ = made(world, user_pool=arn)
    resources = client("apigateway").get_resources(restApiId=api, embed=["methods"])["items"]
    (method,) = [one["resourceMethods"]["POST"] for one in resources if one.get("resourceMethods")]
    assert method["authorizationType"] == "COGNITO_USER_POOLS"
    assert call_api(api, "{}").status == 401


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}, None),
        ({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}, 429),
        ({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}, 503),
        ({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalException"}]}, 503),
        ({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "MalformedDetail"}]}, 400),
        ({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "NotAuthorizedForSource"}]}, 502),
        ({"FailedEntryCount": 1, "Entries": [{}]}, 502),
        ({"FailedEntryCount": "1"}, 502),
        ({"__type": "whatever"}, 502),
        ({}, 502),
    ],
)
def test_every_answer_of_put_events_but_a_plain_success_is_an_error(answer: Json, status: int | None) -> None:
    document = entry_document(_wish(), partition="aws", region="us-east-1")
    told = document["paths"]["/events"]["post"]["x-amazon-apigateway-integration"]["responses"]["200"]
    body, overrides = render_template(told["responseTemplates"]["application/json"], json.dumps(answer))
    assert overrides["responseOverride"].get("status") == status
    assert isinstance(json.loads(body), dict)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("ThrottlingException", 429),
        ("com.amazonaws.events#ThrottlingException", 429),
        ("ValidationException", 400),
        ("AccessDeniedException", None),
        (None, None),
    ],
)
def test_when_put_events_itself_fails_it_says_whether_to_send_again(kind: str | None, status: int | None) -> None:
    document = entry_document(_wish(), partition="aws", region="us-east-1")
    told = document["paths"]["/events"]["post"]["x-amazon-apigateway-integration"]["responses"]["default"]
    answer = json.dumps({"__type": kind} if kind else {"message": "?"})
    body, overrides = render_template(told["responseTemplates"]["application/json"], answer)
    assert (told["statusCode"], overrides["responseOverride"].get("status")) == ("502", status)
    assert json.loads(body)["code"] == (kind or "")


def test_an_api_that_somebody_deployed_elsewhere_is_kept_by_an_undo(world: World) -> None:
    api, plan, journal = made(world)
    client("apigateway").create_deployment(restApiId=api, stageName="theirs")
    undo(plan, world, journal)
    stages = client("apigateway").get_stages(restApiId=api)["item"]
    assert [one["stageName"] for one in stages] == ["theirs"]


def test_a_trace_of_it_follows_it_to_the_bus_and_finds_that_failed_entries_are_looked_at(world: World) -> None:
    api, _, _ = made(world)
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api}"
    found = run_fetching(read_rest(Waypoint(arn=arn), world.about()), world.reader())
    (hop,) = found.hops
    assert (hop.to.arn.rpartition("/")[2], hop.causes, hop.role.rpartition("/")[2]) == (
        BUS,
        (),
        f"{BUS}-entry-puts-events",
    )


def _wish() -> EntryWish:
    arn = "arn:aws:events:us-east-1:123456789012:event-bus/orders"
    role = "arn:aws:iam::123456789012:role/r"
    return EntryWish(api="a", description="d", bus_arn=arn, role_arn=role, source="s", detail_type="t")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"bus": "nobodys"}, "no event bus"),
        ({"source": "aws.s3"}, "AWS's own"),
        ({"bus": "aws.partner/example.com/1"}, "takes no events"),
        ({"bus": "arn:aws:events:us-east-1:1:event-busv2/new"}, "takes no events"),
        ({"source": 'x"}'}, "does not match"),
        ({"detail_type": "$input"}, "does not match"),
        ({"api": "a b"}, "no name"),
        ({"rate": 0}, "less than 1"),
        ({"user_pool": "customers"}, "user pool"),
        ({"user_pool": "arn:aws:cognito-idp:us-east-1:111111111111:userpool/us-east-1_abc"}, "user pool"),
    ],
)
def test_wrong_input_is_said_before_anything_is_made(world: World, more: dict[str, Json], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        world.plan("events-entry", WISH | more)


def test_a_name_that_is_taken_is_refused(world: World) -> None:
    made(world)
    with pytest.raises(RefusedByGuard, match="taken"):
        world.plan("events-entry", WISH)
