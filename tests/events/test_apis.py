"""APIs of API Gateway and custom event buses on the way of an event."""

import pytest

from opsctl.events.arns import named
from opsctl.events.integration_targets import Here, target_of_http, target_of_rest
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, REGION, missing
from tests.kit.deliveries import SQS, Account, arn, lets

HERE = Here("aws", REGION, ACCOUNT)
GATE = f"arn:aws:apigateway:{REGION}"
BUS = arn("events", "event-bus/default")


def puts(**more: Json) -> Json:
    """An integration of type AWS that puts events."""
    return {"uri": f"{GATE}:events:action/PutEvents"} | more


@pytest.mark.parametrize(
    ("integration", "action", "target"),
    [
        (puts(), "events:PutEvents", BUS),
        (
            puts(requestTemplates={"a": '{"Entries": [{"EventBusName": "shop"}]}'}),
            "events:PutEvents",
            "event-bus/shop",
        ),
        (puts(requestTemplates={"a": '{"EventBusName": "$input.params()"}'}), "events:PutEvents", ""),
        ({"uri": f"{GATE}:sqs:path/{ACCOUNT}/orders"}, "sqs:SendMessage", "orders"),
        ({"uri": f"{GATE}:sqs:path/{ACCOUNT}/${{stageVariables.queue}}"}, "sqs:SendMessage", ""),
        (
            {
                "uri": f"{GATE}:sns:path//",
                "requestTemplates": {
                    "a": f"Action=Publish&TopicArn=arn%3Aaws%3Asns%3A{REGION}%3A{ACCOUNT}%3Ashop&Message=x"
                },
            },
            "sns:Publish",
            "shop",
        ),
        (
            {
                "uri": f"{GATE}:sns:action/Publish",
                "requestParameters": {"integration.request.querystring.TopicArn": f"'{arn('sns', 'shop')}'"},
            },
            "sns:Publish",
            "shop",
        ),
        (
            {"uri": f"{GATE}:kinesis:action/PutRecord", "requestTemplates": {"a": '{"StreamName": "clicks"}'}},
            "kinesis:PutRecord",
            "stream/clicks",
        ),
        (
            {"uri": f"{GATE}:lambda:path/2015-03-31/functions/{arn('lambda', 'function:f')}/invocations"},
            "lambda:InvokeFunction",
            "function:f",
        ),
    ],
)
def test_the_target_of_a_rest_integration_is_where_its_settings_say(
    integration: Json, action: str, target: str
) -> None:
    found = target_of_rest(integration, HERE)
    assert found is not None
    assert found.action == action
    assert found.arn.endswith(target)
    assert bool(found.arn) is bool(target)


def test_what_sends_to_no_service_is_no_target() -> None:
    assert target_of_rest({"uri": "https://example.com"}, HERE) is None
    assert target_of_rest({"uri": f"{GATE}:dynamodb:action/GetItem"}, HERE) is None
    assert target_of_http({"IntegrationSubtype": "SQS-PurgeQueue"}, HERE) is None


@pytest.mark.parametrize(
    ("integration", "target"),
    [
        ({"IntegrationSubtype": "EventBridge-PutEvents", "RequestParameters": {"Detail": "x"}}, BUS),
        (
            {"IntegrationSubtype": "SQS-SendMessage", "RequestParameters": {"QueueUrl": f"{SQS}/orders"}},
            arn("sqs", "orders"),
        ),
        ({"IntegrationSubtype": "SQS-SendMessage", "RequestParameters": {"QueueUrl": "$request.header.q"}}, ""),
        ({"IntegrationUri": arn("lambda", "function:f")}, arn("lambda", "function:f")),
    ],
)
def test_the_target_of_an_http_integration_is_where_its_settings_say(integration: Json, target: str) -> None:
    found = target_of_http(integration, HERE)
    assert found is not None
    assert found.arn == target


def test_a_rest_method_leads_to_its_bus_by_its_role_and_an_unchecked_answer_is_found() -> None:
    made = Account()
    role = made.allow("gate", ("events:PutEvents", BUS))
    made.rest_api("abcdefghij", POST=puts(credentials=role))
    edge = made.edges("api:abcdefghij")["default"]
    assert (edge.verdict, edge.by, edge.causes) == ("delivers", "route POST /orders", ("api-gateway-200",))
    assert ("api-gateway-200", "REST API abcdefghij-api > event bus default") in made.found()
    template = "#if($input.path('$.FailedEntryCount') != 0)#set($context.responseOverride.status = 500)#end"
    checked = {"200": {"responseTemplates": {"application/json": template}}}
    made.rest_api("abcdefghij", POST=puts(credentials=role, integrationResponses=checked))
    assert made.edges("api:abcdefghij")["default"].causes == ()


def test_a_function_lets_the_stages_of_an_api_in_or_not() -> None:
    made = Account()
    function = arn("lambda", "function:work")
    uri = f"{GATE}:lambda:path/2015-03-31/functions/{function}/invocations"
    made.rest_api("abcdefghij", POST={"type": "AWS_PROXY", "uri": uri})
    source = arn("execute-api", "abcdefghij/*/POST/orders")
    opened = lets(function, "apigateway.amazonaws.com", "lambda:InvokeFunction", source)
    made.function("work", policy=opened.replace("ArnEquals", "ArnLike"))
    assert made.edges("api:abcdefghij")["work"].verdict == "delivers"
    made.function("work", policy=opened.replace("/POST/", "/GET/"))
    assert made.edges("api:abcdefghij")["work"].verdict == "blocked"
    made.answers["apigateway.GetStages abcdefghij"] = {"item": [{"stageName": "a"}, {"stageName": "b"}]}
    assert made.edges("api:abcdefghij")["work"].verdict == "blocked"
    made.function("work", policy=opened.replace("abcdefghij/*/", "abcdefghij/a/"))
    edge = made.edges("api:abcdefghij")["work"]
    assert edge.verdict == "filtered"
    assert "lets 1 of 2 stages in" in edge.why[0]


def test_an_http_api_leads_to_a_queue_and_is_found_back() -> None:
    made = Account()
    queue = made.queue("orders")
    role = made.allow("gate", ("sqs:SendMessage", queue))
    parameters = {"QueueUrl": f"{SQS}/orders", "MessageBody": "$request.body"}
    sends = {"IntegrationSubtype": "SQS-SendMessage", "CredentialsArn": role, "RequestParameters": parameters}
    made.http_api(
        "klmnopqrst", order=sends, other=sends | {"RequestParameters": {"QueueUrl": "$request.header.q"}}
    )
    found, _ = made.traced("klmnopqrst")
    assert [(one.by, one.verdict) for one in found.edges] == [("route POST /order", "delivers")]
    assert any("POST /other: where sqs:SendMessage sends to" in one for one in found.unknown)
    back, _ = made.traced("queue:orders", back=True)
    assert [(one.by, one.source.rpartition("/")[2]) for one in back.edges] == [("route POST /order", "klmnopqrst")]


def test_a_call_by_nobodys_role_is_in_doubt() -> None:
    made = Account()
    made.rest_api("abcdefghij", POST=puts(credentials="arn:aws:iam::*:user/*"))
    assert made.edges("api:abcdefghij")["default"].why[0].startswith("it is sent by the credentials of whoever")


V2 = arn("events", "event-busv2/orders/abcdefghijklmnopqrstuvwxy")
SUBSCRIBER = arn("events", "subscriber/billing/abcdefghijklmnopqrstuvwxy")


def custom(**more: Json) -> Account:
    """A custom event bus with a subscriber to queue `billing`."""
    made = Account()
    queue = made.queue("billing")
    role = made.allow("sender", ("sqs:SendMessage", queue))
    made.custom_buses.append({"Name": "orders", "EventBusArn": V2})
    told = {"Name": "billing", "InvokeConfiguration": {"RoleArn": role, "TargetArn": queue}, "State": "RUNNING"}
    made.answers["eventbridgev2.DescribeEventBus"] = {"EventBusArn": V2, "State": "ACTIVE"}
    made.answers["eventbridgev2.ListSubscribers"] = {"Subscribers": [{"SubscriberArn": SUBSCRIBER}]}
    made.answers["eventbridgev2.DescribeSubscriber"] = told | more
    return made


def test_a_subscriber_of_a_custom_bus_has_five_attempts_unless_it_says_more() -> None:
    edge = custom().edges(V2)["billing"]
    assert (edge.verdict, edge.retry, edge.causes) == ("delivers", "5 attempts within 300 s", ("retry-short",))
    assert ("retry-short", "custom event bus orders > queue billing") in custom().found()
    longer = custom(RetryPolicy={"MaxRetryAttempts": 50, "MaxEventAgeInSeconds": 3600})
    assert longer.edges(V2)["billing"].causes == ()


def test_a_custom_bus_without_subscribers_says_so() -> None:
    made = custom()
    made.answers["eventbridgev2.ListSubscribers"] = {"Subscribers": []}
    assert [one.notes for one in made.traced(V2)[0].nodes] == [("nobody has subscribed",)]
    assert not any(one.notes for one in custom().traced(V2)[0].nodes if one.kind == "custom event bus")


@pytest.mark.parametrize(("more", "says"), [({"State": "STOPPED"}, "stopped"), ({"Revoked": True}, "revoked")])
def test_a_subscriber_that_is_off_blocks(more: Json, says: str) -> None:
    edge = custom(**more).edges(V2)["billing"]
    assert edge.verdict == "blocked"
    assert says in edge.why[0]


def test_an_audit_that_saw_no_custom_buses_says_so() -> None:
    made = Account()
    refusal = missing("eventbridgev2.ListEventBuses", "NotSupported")
    made.refused["eventbridgev2.ListEventBuses"] = Refusal(
        **refusal.model_dump() | {"kind": RefusalKind.UNREADABLE}
    )
    found, _ = made.audited()
    assert any("only event buses with rules were looked at" in one for one in found.unknown)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        (V2, "custom event bus", "orders"),
        (arn("events", "api-destination/hook/0-1-2"), "API destination", "hook"),
        (arn("logs", "log-group:/aws/events/x:*"), "log group", "/aws/events/x"),
        (arn("states", "stateMachine:flow"), "state machine", "flow"),
        (arn("firehose", "deliverystream/clicks"), "delivery stream", "clicks"),
        (f"{GATE}::/restapis/abc", "REST API", "abc"),
    ],
)
def test_what_is_not_followed_has_its_name(text: str, kind: str, name: str) -> None:
    assert named(text)[:2] == (kind, name)
