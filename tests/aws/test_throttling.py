"""Whoever waits for the SDK's own patience is told that AWS throttles, now and then."""

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSResponse

from opsctl.aws.clients import Clients, Connection
from opsctl.aws.throttling import TOLD_EVERY_S, Throttling

THROTTLED = b"<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>"
FINE = b"<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>"


class Body:
    """What urllib3 would have read."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        """All of it at once."""
        return [self._content]


def told(monkeypatch: pytest.MonkeyPatch, times: int, *, apart_s: float) -> list[str]:
    """Ask an AWS that throttles so many times, and return what is told; the SDK's waits take no time."""
    monkeypatch.setattr(botocore.endpoint.time, "sleep", lambda _seconds: None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    lines: list[str] = []
    moments = iter(range(1000))
    clients = Clients(
        Connection(region="us-east-1"), "r", throttling=Throttling(lines.append, lambda: next(moments) * apart_s)
    )
    client = clients.get("ec2", None)
    answers = iter([(503, THROTTLED)] * times + [(200, FINE)])

    def answered(**_request: object) -> AWSResponse:
        status, content = next(answers)
        return AWSResponse("https://ec2", status, {}, Body(content))

    client.meta.events.register("before-send", answered)
    assert client.describe_vpcs()["Vpcs"] == []
    return lines


def test_an_answer_that_comes_is_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, 0, apart_s=TOLD_EVERY_S) == []


def test_throttling_is_told_with_the_call_and_how_often(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [
        f"AWS throttles ec2.DescribeVpcs (RequestLimitExceeded, {times} so far): waiting, and asking again"
        for times in ("1 time", "2 times", "3 times")
    ]
    assert told(monkeypatch, 3, apart_s=TOLD_EVERY_S) == said


def test_it_is_told_once_in_a_few_seconds_and_no_oftener(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(told(monkeypatch, 5, apart_s=0.01)) == 1
