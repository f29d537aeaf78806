"""Makes one read with all its pages, as plain JSON values."""

import datetime
from typing import Any

from botocore import xform_name

from opsctl.model.reads import Read
from opsctl.model.value import Json


def fetch(client: Any, read: Read) -> Json:
    """Make the read through a client and return the merged answer, without the SDK's metadata."""
    method = xform_name(read.operation)
    if read.whole:
        return _without_metadata(getattr(client, method)(**read.params))
    if client.can_paginate(method) and not _asks_for_a_page(client, method, read.params):
        return plain(client.get_paginator(method).paginate(**read.params).build_full_result())
    answer = _without_metadata(getattr(client, method)(**read.params))
    if read.service == "wafv2" and "Limit" not in read.params:
        answer = _follow_markers(client, method, read.params, answer)
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
    return value


def _asks_for_a_page(client: Any, method: str, params: dict[str, Json]) -> bool:
    settings = client.get_paginator(method)._pagination_cfg
    limit = settings.get("limit_key")
    tokens = settings.get("input_token")
    names = {limit, *(tokens if isinstance(tokens, list) else [tokens])}
    return bool(names & params.keys())


def _follow_markers(client: Any, method: str, params: dict[str, Json], first: Json) -> Json:
    """Read on: WAFv2 has no paginator, and its last full page carries a marker too."""
    merged = dict(first)
    page = first
    while page.get("NextMarker") and any(isinstance(item, list) and item for item in page.values()):
        page = _without_metadata(getattr(client, method)(**params, NextMarker=page["NextMarker"]))
        for name, item in page.items():
            merged[name] = merged.get(name, []) + item if isinstance(item, list) else item
    merged.pop("NextMarker", None)
    return merged


def _without_metadata(answer: dict[str, Json]) -> dict[str, Json]:
    return {name: item for name, item in answer.items() if name != "ResponseMetadata"}
