"""Makes one read with all its pages, as plain JSON values."""

import datetime
from typing import Any

from botocore import xform_name
from botocore.response import StreamingBody

from opsctl.model.reads import Read
from opsctl.model.value import Json

# SQS gives one page and no token unless it is told how large a page may be, so the rest would be missing; API
# Gateway has pages of 25, and Systems Manager of ten agents, unless they are told.
PAGE_SIZES = {
    "apigateway.GetRestApis": 500,
    "apigateway.GetDomainNames": 500,
    "sqs.ListQueues": 1000,
    "sqs.ListDeadLetterSourceQueues": 1000,
    "ssm.DescribeInstanceInformation": 50,
    "ssm.ListCommandInvocations": 50,
    "ssm.ListCommands": 50,
}
# A signed link to the function's code: whoever holds it can fetch the code, with what is written into it.
_WITHHELD = {"lambda.GetFunction": ("Code", "Location")}
_TOKENS_WITHOUT_PAGINATOR = frozenset(
    {"apigatewayv2.GetApiMappings", "apprunner.ListServices", "events.ListEventBuses"}
)


def fetch(client: Any, read: Read) -> Json:
    """Make the read through a client and return the merged answer.

    Left out are the SDK's metadata, and the links in an answer that work for whoever holds them.
    """
    answer = _fetched(client, read)
    outer, inner = _WITHHELD.get(read.api, ("", ""))
    if outer in answer:
        answer[outer] = {name: item for name, item in answer[outer].items() if name != inner}
    return answer


def _fetched(client: Any, read: Read) -> Json:
    method = xform_name(read.operation)
    if read.whole:
        return _without_metadata(getattr(client, method)(**read.params))
    if client.can_paginate(method) and not _asks_for_a_page(client, method, read.params):
        sizes = {"PaginationConfig": {"PageSize": PAGE_SIZES[read.api]}} if read.api in PAGE_SIZES else {}
        return plain(client.get_paginator(method).paginate(**read.params, **sizes).build_full_result())
    answer = _without_metadata(getattr(client, method)(**read.params))
    if read.service == "wafv2" and "Limit" not in read.params:
        answer = _follow(client, method, read.params, answer, "NextMarker")
    elif read.api in _TOKENS_WITHOUT_PAGINATOR:
        answer = _follow(client, method, read.params, answer, "NextToken")
    return plain(answer)


def plain(value: Json) -> Json:
    """Turn times into RFC 3339 text and bytes into text, so that the value is JSON."""
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", errors="replace")
    if isinstance(value, StreamingBody):
        return value.read().decode("utf-8", errors="replace")
    return value


def _asks_for_a_page(client: Any, method: str, params: dict[str, Json]) -> bool:
    settings = client.get_paginator(method)._pagination_cfg
    limit = settings.get("limit_key")
    tokens = settings.get("input_token")
    names = {limit, *(tokens if isinstance(tokens, list) else [tokens])}
    return bool(names & params.keys())


def _follow(client: Any, method: str, params: dict[str, Json], first: Json, token: str) -> Json:
    """Read on where the SDK has no paginator; the last full page of WAFv2 carries a marker too."""
    merged = dict(first)
    page = first
    while page.get(token) and any(isinstance(item, list) and item for item in page.values()):
        page = _without_metadata(getattr(client, method)(**params, **{token: page[token]}))
        for name, item in page.items():
            merged[name] = merged.get(name, []) + item if isinstance(item, list) else item
    merged.pop(token, None)
    return merged


def _without_metadata(answer: dict[str, Json]) -> dict[str, Json]:
    return {name: item for name, item in answer.items() if name != "ResponseMetadata"}
