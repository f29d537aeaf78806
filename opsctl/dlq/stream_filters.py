"""Which records of a stream an event source mapping hands to its function; pure.

Source: Lambda guide, "Control which events Lambda sends to your function", "Using event filtering with a Kinesis
event source" and "... with a DynamoDB event source". Records are as the function gets them.
"""

import base64
from collections.abc import Sequence

from opsctl.model.value import Json
from opsctl.resources.event_patterns import Pattern, parsed

# What filters were seen to look at; of other members it is not documented.
_LOOKED_AT = {"kinesis": {"data"}, "dynamodb": {"dynamodb", "eventName", "userIdentity"}}


class StreamFilter:
    """The filters of a mapping: one of them is enough, and with none every record passes."""

    def __init__(self, patterns: Sequence[str], *, kinesis: bool) -> None:
        """Read the patterns; raises ValueError when what they ask for cannot be told."""
        self._kinesis = kinesis
        self._patterns = [Pattern(text) for text in patterns]
        known = _LOOKED_AT["kinesis" if kinesis else "dynamodb"]
        strangers = sorted({name for one in self._patterns for name in one.names} - known)
        if strangers:
            raise ValueError(f"a filter asks for {', '.join(strangers)}, of which Lambda's guide says nothing")

    def passes(self, record: Json) -> bool:
        """Whether the function gets a record; raises ValueError when that cannot be told."""
        if not self._patterns:
            return True
        seen = self._data(record) if self._kinesis else record
        return seen is not None and any(one.matches(seen) for one in self._patterns)

    def _data(self, record: Json) -> Json:
        """What a filter sees of a Kinesis record; None for data that is no JSON, which Lambda drops."""
        try:
            data = parsed(base64.b64decode(record["kinesis"]["data"]).decode())
        except ValueError:
            return None
        if not isinstance(data, dict):
            raise ValueError(
                "a record holds JSON that is no object, and what filters make of it is not documented"
            )
        return {"data": data}
