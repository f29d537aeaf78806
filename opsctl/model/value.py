"""What every value of the model shares: it is frozen, closed, and canonical as JSON."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict

Json: TypeAlias = Any
"""A JSON value. Its shape belongs to AWS or to a playbook's author, so the type checker cannot know it."""

_TEXT = frozenset({str})


class Value(BaseModel):
    """A frozen value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, protected_namespaces=())


def json_object(text: str) -> dict[str, Json] | None:
    """Return the JSON object that a text is, or None for a text that is something else or nothing."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def all_texts(items: Sequence[Json]) -> bool:
    """Tell whether all items are texts: lists of thousands of addresses need no look at each of them."""
    return _TEXT.issuperset(map(type, items))


def canonical(value: Json) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, whatever order it was built in."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def fingerprint(value: Json) -> str:
    """Return the SHA-256 of a value's canonical JSON, as `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()
