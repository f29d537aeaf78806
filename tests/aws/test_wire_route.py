"""Where the wire sends: each case is compared with what a client of boto3 sends in the same environment."""

import re
import socket
from pathlib import Path
from typing import Any, NoReturn

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config

from opsctl.aws.clients import Clients, Connection
from opsctl.aws.route import route_of
from opsctl.aws.sqs_wire import SqsWire
from opsctl.model.errors import AwsRefused

_SCOPE = re.compile(r"Credential=sandbox/\d{8}/([^/]+)/([^/]+)/aws4_request")
FIPS, DUAL = {"AWS_USE_FIPS_ENDPOINT": "true"}, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}
OWN, SQS_OWN = {"AWS_ENDPOINT_URL": "http://own:4566"}, {"AWS_ENDPOINT_URL_SQS": "https://sqs.own/base"}
PROXY = {"HTTPS_PROXY": "http://proxy:3128"}
CASES: dict[str, tuple[str, dict[str, str]]] = {
    "commercial": ("us-east-1", {}),
    "commercial, FIPS": ("us-east-1", FIPS),
    "commercial, FIPS and dual stack": ("eu-central-1", FIPS | DUAL),
    "a region called by its FIPS name": ("fips-us-east-1", {}),
    "GovCloud": ("us-gov-west-1", {}),
    "GovCloud, FIPS": ("us-gov-west-1", FIPS),
    "China": ("cn-north-1", {}),
    "China, dual stack": ("cn-north-1", DUAL),
    "ISO": ("us-iso-east-1", {}),
    "ISO, FIPS": ("us-iso-east-1", FIPS),
    "ISO, dual stack": ("us-iso-east-1", DUAL),
    "ISO, a region called by its FIPS name": ("fips-us-iso-east-1", {}),
    "ISOB, FIPS": ("us-isob-east-1", FIPS),
    "ISOF, FIPS": ("us-isof-south-1", FIPS),
    "the European sovereign cloud": ("eusc-de-east-1", {}),
    "an endpoint for all": ("us-east-1", OWN),
    "an endpoint for SQS": ("us-iso-east-1", SQS_OWN),
    "endpoints for all and for SQS": ("us-east-1", OWN | SQS_OWN),
    "configured endpoints ignored": ("cn-north-1", OWN | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}),
    "a proxy": ("us-iso-east-1", FIPS | PROXY),
    "a proxy that others need": ("us-iso-east-1", FIPS | PROXY | {"NO_PROXY": ".c2s.ic.gov"}),
    "a proxy for another scheme": ("us-east-1", {"HTTP_PROXY": "http://proxy:3128"}),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def sent_by_the_sdk(region: str) -> tuple[str, str, str, str | None]:
    """URL, the scope of the signature and the proxy of a request that the SDK is about to send."""
    client = boto3.Session().client("sqs", region_name=region, config=Config(retries={"total_max_attempts": 1}))
    seen: list[AWSRequest] = []

    def instead(request: AWSRequest, **_: Any) -> AWSResponse:
        seen.append(request)
        return AWSResponse(request.url, 200, {}, type("Raw", (), {"stream": lambda *_: iter([b"{}"])})())

    client.meta.events.register("before-send.sqs", instead)
    client.list_queues()
    (request,) = seen
    header = request.headers["Authorization"]
    scope = _SCOPE.search(header.decode() if isinstance(header, bytes) else header)
    assert scope is not None
    proxy = client._endpoint.http_session._proxy_config.proxy_url_for(request.url)
    return request.url, scope[1], scope[2], proxy


@pytest.mark.parametrize(("region", "variables"), CASES.values(), ids=CASES)
def test_a_call_goes_where_the_sdk_would_send_it(
    monkeypatch: pytest.MonkeyPatch, region: str, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    url, signed_region, signed_service, proxy = sent_by_the_sdk(region)
    clients = Clients(Connection(region=region), "run-1")
    route = route_of(clients.get("sqs", region), "list_queues")
    assert (route.url, route.region, route.service) == (url, signed_region, signed_service)
    asked: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], *_: Any, **__: Any) -> NoReturn:
        asked.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    def refuse_name(host: str, port: int, *_: Any, **__: Any) -> NoReturn:
        asked.append((host, port))
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse_name)
    with pytest.raises(AwsRefused) as told:
        SqsWire(clients, region).call("ListQueues", {})
    assert asked == [("proxy", 3128) if proxy else (route.host, route.port)]
    assert told.value.refusal.code == ("ProxyConnectionError" if proxy else "EndpointConnectionError")


@pytest.mark.parametrize(
    ("endpoint", "authority"),
    [
        ("https://sqs.example:443", "sqs.example"),
        ("http://sqs.example:80/base", "sqs.example"),
        ("http://[::1]:4566", "[::1]:4566"),
        ("HTTP://SQS.Example:4566", "sqs.example:4566"),
    ],
)
def test_the_host_is_signed_as_the_sdk_signs_it(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, authority: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    route = route_of(Clients(Connection(region="us-east-1"), "run-1").get("sqs", None), "list_queues")
    signed = SigV4Auth(None, "sqs", "us-east-1").headers_to_sign(AWSRequest("POST", endpoint))["host"]
    assert route.authority == signed == authority


@pytest.mark.parametrize(
    ("region", "variables"),
    [
        ("us-east-1", DUAL),
        ("us-gov-west-1", FIPS),
        ("cn-north-1", DUAL),
        ("us-iso-east-1", {}),
        ("us-isob-east-1", FIPS),
        ("eusc-de-east-1", {}),
    ],
)
def test_awss_own_endpoints_are_known_in_every_partition(
    monkeypatch: pytest.MonkeyPatch, region: str, variables: dict[str, str]
) -> None:
    """A plan is bound to an endpoint only when that is not one of AWS's own."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Clients(Connection(region=region), "run-1").endpoint == ""


def test_another_endpoint_is_told_apart_from_awss_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://amazonaws.com.example")
    assert Clients(Connection(region="us-east-1"), "run-1").endpoint == "https://amazonaws.com.example"
