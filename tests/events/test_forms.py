"""The form in which one event arrives at each kind of consumer, against the shapes that AWS's guides give."""

import json

import pytest

from opsctl.events.event_forms import ApiRequest
from opsctl.model.value import Json
from tests.events.test_walking import arrived, met
from tests.kit.deliveries import Account, arn, is_part_of, lets

SNS, S3, EVENTS = "sns.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"
GATE = "arn:aws:apigateway:eu-west-1"

SNS_TO_LAMBDA: Json = {
    "Records": [
        {
            "EventVersion": "1.0",
            "EventSubscriptionArn": "arn:aws:sns:eu-west-1:123456789012:shop:21be56ed",
            "EventSource": "aws:sns",
            "Sns": {
                "SignatureVersion": "1",
                "Timestamp": "2026-01-02T12:45:07.000Z",
                "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa",
                "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-ac565b8b.pem",
                "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                "Message": "hello",
                "MessageAttributes": {"kind": {"Type": "String", "Value": "paid"}},
                "Type": "Notification",
                "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
                "TopicArn": "arn:aws:sns:eu-west-1:123456789012:shop",
                "Subject": "TestInvoke",
            },
        }
    ]
}
"""Lambda guide, "Invoking Lambda functions with Amazon SNS notifications", with invented values."""

SQS_TO_LAMBDA: Json = {
    "Records": [
        {
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": "hello",
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767225600123"},
            "messageAttributes": {
                "kind": {
                    "stringValue": "paid",
                    "stringListValues": [],
                    "binaryListValues": [],
                    "dataType": "String",
                }
            },
            "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
            "awsRegion": "eu-west-1",
        }
    ]
}
"""Lambda guide, "Using Lambda with Amazon SQS"; EventBridge guide, "Amazon Simple Queue Service as a source"."""

REST_PROXY: Json = {
    "resource": "/orders/{id}",
    "path": "/orders/7",
    "httpMethod": "POST",
    "headers": {"Accept": "*/*"},
    "multiValueHeaders": {"Accept": ["*/*"]},
    "queryStringParameters": {"dry": "1"},
    "multiValueQueryStringParameters": {"dry": ["1"]},
    "pathParameters": {"id": "7"},
    "stageVariables": None,
    "requestContext": {"resourcePath": "/orders/{id}", "httpMethod": "POST", "stage": "prod", "accountId": "1"},
    "body": "{}",
    "isBase64Encoded": False,
}
"""API Gateway guide, "Input format of a Lambda function for proxy integration"."""

HTTP_PROXY_2: Json = {
    "version": "2.0",
    "routeKey": "POST /orders/{id}",
    "rawPath": "/orders/7",
    "rawQueryString": "dry=1",
    "headers": {"accept": "*/*"},
    "queryStringParameters": {"dry": "1"},
    "pathParameters": {"id": "7"},
    "requestContext": {
        "routeKey": "POST /orders/{id}",
        "stage": "$default",
        "http": {"method": "POST", "path": "/orders/7", "protocol": "HTTP/1.1"},
    },
    "body": "{}",
    "isBase64Encoded": False,
}
"""API Gateway guide, "Lambda proxy integrations for HTTP APIs", payload format 2.0."""


MESSAGE = json.dumps(
    {"Message": "hello", "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "paid"}}}
)


def test_sns_calls_a_function_with_a_record() -> None:
    made = Account()
    function = made.function("work", policy=lets("*", SNS, "lambda:InvokeFunction", arn("sns", "shop")))
    made.topic("shop", {"Protocol": "lambda", "Endpoint": function, "RawMessageDelivery": "true"})
    told = arrived(made.traced("topic:shop", event=MESSAGE)[0])["work"]
    assert is_part_of(told, SNS_TO_LAMBDA)
    assert told["Records"][0]["Sns"]["MessageAttributes"] == {"kind": {"Type": "String", "Value": "paid"}}


def test_a_function_gets_a_message_of_a_queue_as_a_record_with_its_attributes() -> None:
    made = Account()
    made.takes(made.queue("orders"), made.function("work"))
    told = arrived(made.traced("queue:orders", event=MESSAGE)[0])["work"]
    assert is_part_of(told, SQS_TO_LAMBDA)
    assert (told["Records"][0]["body"], set(told["Records"][0]["messageAttributes"])) == ("hello", {"kind"})


@pytest.mark.parametrize(
    ("raw", "body"),
    [("true", "hello"), ("false", {"Type": "Notification", "TopicArn": arn("sns", "shop"), "Message": "hello"})],
)
def test_over_sns_and_sqs_a_function_gets_the_envelope_in_the_body_or_the_message_alone(
    raw: str, body: Json
) -> None:
    made = Account()
    made.queue("orders", Policy=lets("*", SNS, "sqs:SendMessage", arn("sns", "shop")))
    made.topic("shop", {"Protocol": "sqs", "Endpoint": arn("sqs", "orders"), "RawMessageDelivery": raw})
    made.takes(arn("sqs", "orders"), made.function("work"))
    (record,) = arrived(made.traced("topic:shop", event=MESSAGE)[0])["work"]["Records"]
    inside = record["body"] if raw == "true" else json.loads(record["body"])
    assert inside == body or is_part_of(body, inside)
    assert bool(record["messageAttributes"]) is (raw == "true")


def test_s3_over_sns_and_sqs_is_json_in_json_in_json() -> None:
    made = Account()
    made.queue("orders", Policy=lets("*", SNS, "sqs:SendMessage", arn("sns", "shop")))
    policy = lets("*", S3, "sns:Publish", "arn:aws:s3:::uploads")
    made.topic("shop", {"Protocol": "sqs", "Endpoint": arn("sqs", "orders")}, Policy=policy)
    made.bucket(
        "uploads", TopicConfigurations=[{"TopicArn": arn("sns", "shop"), "Events": ["s3:ObjectCreated:*"]}]
    )
    made.takes(arn("sqs", "orders"), made.function("work"))
    event = '{"eventName": "ObjectCreated:Put", "key": "a b.jpg"}'
    (outer,) = arrived(made.traced("bucket:uploads", event=event)[0])["work"]["Records"]
    (inner,) = json.loads(json.loads(outer["body"])["Message"])["Records"]
    assert (inner["eventSource"], inner["s3"]["object"]["key"]) == ("aws:s3", "a+b.jpg")


def test_a_rule_calls_a_function_with_the_event_itself() -> None:
    made = Account()
    function = made.function("work", policy=lets("*", EVENTS, "lambda:InvokeFunction", arn("events", "rule/paid")))
    made.rule("paid", {"source": ["shop"]}, {"Id": "f", "Arn": function})
    event: Json = {"source": "shop", "detail-type": "Paid", "detail": {"id": 1}}
    assert arrived(made.traced("bus:default", event=json.dumps(event))[0])["work"] == event


def piped(target: str, **more: Json) -> Account:
    """A queue with a pipe to a target."""
    made = Account()
    queue, role = (
        made.queue("orders"),
        made.allow("pipe", ("lambda:InvokeFunction", target), ("sqs:SendMessage", target)),
    )
    pipe = arn("pipes", "pipe/move")
    told = {
        "Arn": pipe,
        "Name": "move",
        "CurrentState": "RUNNING",
        "Source": queue,
        "Target": target,
        "RoleArn": role,
    }
    made.answers["pipes.ListPipes"] = {"Pipes": [told]}
    made.answers["pipes.DescribePipe move"] = told | more
    return made


def test_a_pipe_hands_a_function_a_list_and_a_queue_one_record() -> None:
    made = piped(arn("lambda", "function:work"))
    made.function("work")
    told = arrived(made.traced("queue:orders", event=MESSAGE)[0])["work"]
    assert is_part_of(told, SQS_TO_LAMBDA["Records"])
    made = piped(arn("sqs", "next"))
    made.queue("next")
    told = arrived(made.traced("queue:orders", event=MESSAGE)[0])["next"]
    assert is_part_of(told, SQS_TO_LAMBDA["Records"][0])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"Enrichment": arn("lambda", "function:enrich")}, "the enrichment enrich"),
        ({"TargetParameters": {"InputTemplate": "<$.body>"}}, "the input template of the pipe"),
    ],
)
def test_what_an_enrichment_or_a_template_makes_of_it_is_not_told(more: Json, says: str) -> None:
    made = piped(arn("sqs", "next"), **more)
    made.queue("next")
    found, _ = made.traced("queue:orders", event=MESSAGE)
    (step,) = [one.event for one in found.edges if one.target == arn("sqs", "next")]
    assert step is not None
    assert (step.outcome, says in step.why) == ("unknown", True)


REQUEST = json.dumps(
    {"method": "post", "path": "/orders/7", "query": {"dry": "1"}, "headers": {"Accept": "*/*"}, "body": "{}"}
)


def proxied(**integrations: Json) -> Account:
    """An HTTP API with a function behind each route, which lets every stage in."""
    made = Account()
    made.http_api("abcdefghij", **integrations)
    for name in ("work", "other"):
        made.function(name, policy=lets("*", "apigateway.amazonaws.com", "lambda:InvokeFunction", "*"))
    return made


def to(name: str, **more: Json) -> Json:
    """An integration with a function."""
    return {"IntegrationType": "AWS_PROXY", "IntegrationUri": arn("lambda", f"function:{name}")} | more


def routed(made: Account, *routes: tuple[str, str]) -> Account:
    """Replace the routes of an HTTP API."""
    told = [{"RouteKey": route, "Target": f"integrations/{target}"} for route, target in routes]
    made.answers["apigatewayv2.GetRoutes abcdefghij"] = {"Items": told}
    return made


def test_an_http_api_calls_a_function_in_payload_format_2_or_1() -> None:
    two, one = to("work", PayloadFormatVersion="2.0"), to("other", PayloadFormatVersion="1.0")
    made = routed(proxied(a=two, b=one), ("POST /orders/{id}", "a"), ("$default", "b"))
    found, _ = made.traced("api:abcdefghij", event=REQUEST)
    assert met(found) == {"work": "passes", "other": "filtered"}
    assert arrived(found)["work"] == HTTP_PROXY_2 or is_part_of(arrived(found)["work"], HTTP_PROXY_2)
    made = routed(made, ("POST /orders/{id}", "b"))
    told = arrived(made.traced("api:abcdefghij", event=REQUEST)[0])["other"]
    assert is_part_of(told, {**REST_PROXY, "version": "1.0"})
    assert told["version"] == "1.0"


def test_a_rest_api_calls_a_function_in_the_form_of_a_proxy() -> None:
    made = Account()
    function = made.function("work", policy=lets("*", "apigateway.amazonaws.com", "lambda:InvokeFunction", "*"))
    uri = f"{GATE}:lambda:path/2015-03-31/functions/{function}/invocations"
    made.rest_api("abcdefghij", POST={"type": "AWS_PROXY", "uri": uri})
    method = {"methodIntegration": {"type": "AWS_PROXY", "uri": uri}}
    resource = {"id": "r", "path": "/orders/{id}", "resourceMethods": {"POST": method}}
    made.answers["apigateway.GetResources abcdefghij"] = {"items": [resource]}
    told = arrived(made.traced("api:abcdefghij", event=REQUEST)[0])["work"]
    assert is_part_of(told, REST_PROXY)
    assert "version" not in told
    other, _ = made.traced("api:abcdefghij", event=REQUEST.replace("/orders/7", "/refunds/7"))
    assert met(other) == {"work": "filtered"}


@pytest.mark.parametrize(
    ("best", "others"),
    [
        ("GET /a/b", ("GET /a/{x}", "ANY /a/b", "GET /{p+}", "$default")),
        ("GET /a/{x}", ("GET /{p+}", "ANY /a/{x}", "POST /a/b")),
        ("ANY /a/b", ("GET /a/{x}", "$default")),
        ("GET /{p+}", ("$default", "GET /a", "GET /a/b/c")),
        ("$default", ("POST /a/b",)),
    ],
)
def test_the_route_that_fits_best_takes_a_request(best: str, others: tuple[str, ...]) -> None:
    request = ApiRequest(method="GET", path="/a/b")
    ranks = {one: request.fits(one) for one in (best, *others)}
    known = {one: rank for one, rank in ranks.items() if rank is not None}
    assert min(known, key=lambda one: known[one]) == best


@pytest.mark.parametrize("text", ['{"method": "GET"}', '{"method": "GET", "path": "a"}', '{"path": "/", "x": 1}'])
def test_what_is_no_request_is_refused_with_an_example(text: str) -> None:
    made = proxied(a=to("work"))
    with pytest.raises(Exception, match="a request has method, path"):
        made.traced("api:abcdefghij", event=text)
