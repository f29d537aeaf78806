"""AWS App Runner: services, public or private.

Source: App Runner API reference (CreateService, IngressConfiguration).
"""

import uuid

from opsctl.model.value import Json
from opsctl.sandbox.engine.small_services import Fault, Operation, SmallCall

SERVICE = "apprunner"


def create_service(asked: SmallCall) -> Json:
    """Make a service that runs at once."""
    name = asked.params["ServiceName"]
    if any(one["ServiceName"] == name for one in _all(asked).values()):
        raise Fault("InvalidRequestException", f"Service with the provided name already exists: {name}.")
    number = uuid.uuid4().hex
    arn = f"arn:aws:apprunner:{asked.region}:{asked.account}:service/{name}/{number}"
    ingress = (asked.params.get("NetworkConfiguration") or {}).get("IngressConfiguration") or {}
    _all(asked)[arn] = {
        "ServiceName": name,
        "ServiceId": number,
        "ServiceArn": arn,
        "ServiceUrl": f"{number[:10]}.{asked.region}.awsapprunner.com",
        "Status": "RUNNING",
        "SourceConfiguration": asked.params["SourceConfiguration"],
        "NetworkConfiguration": {
            "IngressConfiguration": {"IsPubliclyAccessible": ingress.get("IsPubliclyAccessible", True)}
        },
    }
    return {"Service": _all(asked)[arn], "OperationId": str(uuid.uuid4())}


def list_services(asked: SmallCall) -> Json:
    """List them, without how they are reached."""
    named = ("ServiceName", "ServiceId", "ServiceArn", "ServiceUrl", "Status")
    return {"ServiceSummaryList": [{name: one[name] for name in named} for one in _all(asked).values()]}


def describe_service(asked: SmallCall) -> Json:
    """Tell all of one."""
    found = _all(asked).get(asked.params["ServiceArn"])
    if found is None:
        raise Fault("ResourceNotFoundException", f"There is no service {asked.params['ServiceArn']}.")
    return {"Service": found}


def _all(asked: SmallCall) -> dict[str, Json]:
    found: dict[str, Json] = asked.kept.setdefault(asked.region, {})
    return found


OPERATIONS: dict[str, Operation] = {
    "CreateService": create_service,
    "ListServices": list_services,
    "DescribeService": describe_service,
}
