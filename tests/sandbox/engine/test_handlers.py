"""Calls that go to moto's handlers at once are answered as by the Flask applications around them."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import create_backend_app

from opsctl.sandbox.engine.handlers import Handlers
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.moto_account import fresh_world, server

FORM, JSON = "application/x-www-form-urlencoded; charset=utf-8", "application/x-amz-json-1.1"
OF_ONE_ANSWER = {"x-amzn-requestid", "x-amz-crc32", "date"}


@pytest.fixture(scope="module", autouse=True)
def account() -> Iterator[None]:
    server()
    with fresh_world(seed_network):
        yield


def answer(application: Any, method: str, service: str, path: str, kind: str, target: str, body: str) -> Any:
    scope = f"SBOXTESTKEYTESTKEY22/20260101/us-east-1/{service}/aws4_request"
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "RAW_URI": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body.encode()),
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "localhost",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    if target:
        environ["HTTP_X_AMZ_TARGET"] = target
    told: list[Any] = []
    parts = application(environ, lambda *started: told.extend(started[:2]))
    headers = {name.lower(): value for name, value in told[1]}
    of_one = {name: headers.pop(name, "") for name in OF_ONE_ANSWER}
    text = b"".join(parts).decode().replace(of_one["x-amzn-requestid"] or "-", "ID")
    return told[0], headers, text


@pytest.mark.parametrize(
    ("method", "service", "path", "kind", "target", "body"),
    [
        ("POST", "ec2", "/", FORM, "", "Action=DescribeVpcs&Version=2016-11-15"),
        ("POST", "ec2", "/", FORM, "", "Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-none"),
        ("POST", "iam", "/", FORM, "", "Action=GetRole&Version=2010-05-08&RoleName=nobody"),
        ("POST", "wafv2", "/", JSON, "AWSWAF_20190729.ListWebACLs", '{"Scope": "REGIONAL"}'),
        ("POST", "wafv2", "/", JSON, "AWSWAF_20190729.GetIPSet", '{"Scope": "REGIONAL", "Id": "n", "Name": "n"}'),
        ("GET", "cloudfront", "/2020-05-31/distribution", "", "", ""),
        ("HEAD", "cloudfront", "/2020-05-31/distribution", "", "", ""),
        ("GET", "lambda", "/2015-03-31/functions/nobody", "", "", ""),
        ("GET", "lambda", "/no/such/path", "", "", ""),
    ],
)
def test_the_answer_is_the_same(method: str, service: str, path: str, kind: str, target: str, body: str) -> None:
    asked = (method, service, path, kind, target, body)
    wanted = answer(DomainDispatcherApplication(create_backend_app), *asked)
    assert answer(Handlers(create_backend_app), *asked) == wanted


def test_what_moto_does_not_have_is_told_as_by_flask() -> None:
    asked = (
        "POST",
        "ec2",
        "/",
        FORM,
        "",
        "Action=DescribeAwsNetworkPerformanceMetricSubscriptions&Version=2016-11-15",
    )
    for application in (DomainDispatcherApplication(create_backend_app), Handlers(create_backend_app)):
        with pytest.raises(NotImplementedError):
            answer(application, *asked)


def test_a_service_that_moto_lacks_is_told_by_its_name() -> None:
    with pytest.raises(NotImplementedError, match="snowball"):
        answer(
            Handlers(create_backend_app),
            "POST",
            "snowball",
            "/",
            JSON,
            "AWSIESnowballJobManagementService.ListJobs",
            "{}",
        )
