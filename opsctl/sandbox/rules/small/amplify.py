"""AWS Amplify Hosting: apps and their custom domains. Source: Amplify API reference (App, DomainAssociation)."""

import uuid

from opsctl.model.value import Json
from opsctl.sandbox.engine.small_services import Fault, Operation, SmallCall

SERVICE = "amplify"


def create_app(asked: SmallCall) -> Json:
    """Make an app."""
    identifier = f"d{uuid.uuid4().hex[:13]}"
    made = {
        "appId": identifier,
        "appArn": f"arn:aws:amplify:{asked.region}:{asked.account}:apps/{identifier}",
        "name": asked.params["name"],
        "defaultDomain": f"{identifier}.amplifyapp.com",
        "enableBasicAuth": False,
    }
    _all(asked)[identifier] = {"about": made, "domains": []}
    return {"app": made}


def create_domain_association(asked: SmallCall) -> Json:
    """Let an app answer a domain of its owner."""
    app, name = _app(asked), asked.params["domainName"]
    made = {
        "domainName": name,
        "domainStatus": "AVAILABLE",
        "subDomains": [{"subDomainSetting": one, "verified": True} for one in asked.params["subDomainSettings"]],
    }
    app["domains"].append(made)
    return {"domainAssociation": made}


def list_domain_associations(asked: SmallCall) -> Json:
    """List the domains of an app."""
    return {"domainAssociations": _app(asked)["domains"]}


def _all(asked: SmallCall) -> dict[str, Json]:
    found: dict[str, Json] = asked.kept.setdefault(asked.region, {})
    return found


def _app(asked: SmallCall) -> Json:
    identifier = asked.params["appId"]
    if identifier not in _all(asked):
        raise Fault("NotFoundException", f"App {identifier} not found.")
    return _all(asked)[identifier]


OPERATIONS: dict[str, Operation] = {
    "CreateApp": create_app,
    "CreateDomainAssociation": create_domain_association,
    "ListDomainAssociations": list_domain_associations,
}
