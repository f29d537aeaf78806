"""Events of the sandbox: what AWS's services tell EventBridge."""

import json
import uuid

from opsctl.model.value import Json
from opsctl.sandbox.conditions import conditions


def emit(
    account: str, region: str, *, source: str, detail_type: str, resources: list[str], detail: dict[str, Json]
) -> None:
    """Tell EventBridge."""
    about = conditions(account)
    event: dict[str, Json] = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": about.moment().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(resources),
        "detail": json.loads(json.dumps(detail)),
    }
    about.events.append(event)
