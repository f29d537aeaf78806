"""Requests to a REST API of the sandbox over a connection, signed as callers of API Gateway sign."""

import json
import urllib.error
import urllib.request
from typing import NamedTuple

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from opsctl.model.value import Json
from opsctl.sandbox.endpoint import REGION
from tests.kit.moto_account import KEY, server


class Answered(NamedTuple):
    """What a caller got."""

    status: int
    body: Json


def call_api(
    api: str,
    body: str,
    *,
    key: str = KEY,
    content_type: str = "application/json",
    path: str = "/v1/_user_request_/events",
) -> Answered:
    """POST to an API by its id."""
    url = f"{server().endpoint}/restapis/{api}{path}"
    asked = AWSRequest(method="POST", url=url, data=body.encode(), headers={"Content-Type": content_type})
    SigV4Auth(Credentials(key, "sandbox"), "execute-api", REGION).add_auth(asked)
    sent = urllib.request.Request(url, data=body.encode(), headers=dict(asked.headers), method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(sent) as answer:  # noqa: S310 - loopback
            return Answered(answer.status, json.loads(answer.read()))
    except urllib.error.HTTPError as refused:
        with refused:
            return Answered(refused.code, json.loads(refused.read()))
