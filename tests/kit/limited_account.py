"""The account as somebody sees it who may do just what a policy allows."""

import json

from opsctl.aws.account import LiveAccount
from opsctl.aws.clients import Clients, Connection
from opsctl.model.value import Json
from opsctl.sandbox.endpoint import REGION
from tests.kit.moto_account import World, client, server


def account_as(world: World, name: str, document: Json) -> LiveAccount:
    """The account as a role sees it that has just this policy; without any statement it may do nothing."""
    principal = {"AWS": f"arn:aws:iam::{world.account}:root"}
    trust = {"Statement": {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}}
    iam = client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    if document["Statement"]:  # IAM has no policy without one
        iam.put_role_policy(RoleName=name, PolicyName="plan", PolicyDocument=json.dumps(document))
    clients = Clients(Connection(region=REGION, endpoint_url=server().endpoint, role_arn=arn), "limited")
    server().serve(clients._session.get_component("event_emitter"))
    return LiveAccount(clients, world.identity, world.clock)
