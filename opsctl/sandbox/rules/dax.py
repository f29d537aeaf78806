"""DAX of the sandbox: the parameters of a group, which moto does not tell.

Source: API model of DescribeParameters; DAX guide, "TTL behavior" (record-ttl-millis for items, query-ttl-millis
for queries and scans, five minutes each where nobody set them).
"""

import json
from typing import Any

DEFAULT_MS = 300_000


def install() -> None:
    """Add the call."""
    from moto.dax.responses import DAXResponse

    DAXResponse.describe_parameters = _described


def _described(_self: Any) -> str:
    told = [
        {
            "ParameterName": name,
            "ParameterType": "DEFAULT",
            "ParameterValue": str(DEFAULT_MS),
            "Description": f"Duration in milliseconds for {what} to remain in cache",
            "Source": "user",
            "DataType": "integer",
            "AllowedValues": "0-",
            "IsModifiable": "TRUE",
            "ChangeType": "IMMEDIATE",
        }
        for name, what in (("record-ttl-millis", "records"), ("query-ttl-millis", "queries"))
    ]
    return json.dumps({"Parameters": told})
