"""Whose a key is and what its policies are: users' keys and roles' sessions, as moto keeps them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine.door import secret_part
from opsctl.sandbox.engine.policies import Grants

SESSION_S = 3600


@dataclass(frozen=True)
class Caller:
    """Who calls, as refusals name it, with its policies and what a request's context says of it."""

    arn: str
    grants: Grants
    context: dict[str, list[str]] = field(default_factory=dict)
    is_expired: bool = False


def install() -> None:
    """Let nobody guess the keys that moto gives out: its own chance can be foretold."""
    from moto.iam import models

    models.generate_access_key_id_from_account_id = _unguessable(models.generate_access_key_id_from_account_id)


def _unguessable(method: Any) -> Any:
    def made(account_id: str, prefix: str, total_length: int = 20) -> str:
        is_access_key = prefix in ("AKIA", "ASIA")
        return prefix + secret_part() if is_access_key else str(method(account_id, prefix, total_length))

    return made


def caller_of(account: str, key: str) -> Caller | None:
    """The caller that a key belongs to; None when nobody has it, or it is not active."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    session = sts_backends[account]["aws"].get_assumed_role_from_access_key(key)
    if session is not None:
        return _of_session(account, session)
    user = iam_backends[account]["aws"].get_user_from_access_key_id(key)
    if user is None or not any(one.access_key_id == key and one.status == "Active" for one in user.access_keys):
        return None
    context = {"aws:principalarn": [user.arn], "aws:username": [user.name], "aws:userid": [user.id]}
    return Caller(user.arn, Grants(tuple(_of_user(account, user))), context | _kind("User", account))


def open_session(account: str, role_arn: str, name: str) -> Any:
    """A role's session for a service, or for the owner of the sandbox; one that lasts long enough is kept."""
    from moto.core.utils import utcnow
    from moto.iam.models import AccessKey
    from moto.sts.models import AssumedRole, sts_backends

    sessions = sts_backends[account]["aws"].assumed_roles
    sessions[:] = [one for one in sessions if one.expiration > utcnow()]
    for one in sessions:
        left_s = (one.expiration - utcnow()).total_seconds()
        if (one.role_arn, one.session_name, one.policy) == (role_arn, name, None) and left_s > SESSION_S / 2:
            return one
    key = AccessKey(user_name=None, prefix="ASIA", account_id=account)
    made = AssumedRole(account, REGION, key, name, role_arn, None, SESSION_S, None)
    sessions.append(made)
    return made


def role_named(account: str, arn: str) -> Any | None:
    """moto's role of an ARN."""
    from moto.iam.models import iam_backends

    return next((one for one in iam_backends[account]["aws"].roles.values() if one.arn == arn), None)


def grants_of_role(account: str, role: Any) -> Grants:
    """What a role's own policies and its permissions boundary say."""
    own = [*role.policies.values(), *map(_document, role.managed_policies.values())]
    boundary = _managed(account, role.permissions_boundary_arn)
    return Grants(tuple(map(_parsed, own)), ((boundary,),) if boundary else ())


def grants_of_principal(account: str, arn: str) -> Grants | None:
    """The policies of a role or user by its ARN; None when there is no such one."""
    from moto.iam.models import iam_backends

    role = role_named(account, arn)
    if role is not None:
        return grants_of_role(account, role)
    user = next((one for one in iam_backends[account]["aws"].users.values() if one.arn == arn), None)
    return Grants(tuple(_of_user(account, user))) if user is not None else None


def _of_session(account: str, session: Any) -> Caller:
    from moto.core.utils import utcnow

    role = role_named(account, session.role_arn)
    # A role that was deleted leaves its sessions without any permission.
    grants = grants_of_role(account, role) if role is not None else Grants(())
    if session.policy:
        grants = Grants(grants.own, (*grants.limits, (_parsed(session.policy),)))
    context = {"aws:principalarn": [session.role_arn], "aws:userid": [session.user_id]}
    context |= _kind("AssumedRole", account)
    if role is not None:
        context |= {f"aws:principaltag/{tag['Key']}".lower(): [tag["Value"]] for tag in _tags(role.tags)}
    return Caller(session.arn, grants, context, is_expired=session.expiration <= utcnow())


def _of_user(account: str, user: Any) -> Iterable[Json]:
    from moto.iam.models import iam_backends

    groups = [one for one in iam_backends[account]["aws"].groups.values() if user in one.users]
    for one in (user, *groups):
        yield from map(_parsed, one.policies.values())
        yield from (_parsed(_document(policy)) for policy in one.managed_policies.values())


def _managed(account: str, arn: str | None) -> Json:
    from moto.iam.models import iam_backends

    found = iam_backends[account]["aws"].managed_policies.get(arn) if arn else None
    return _parsed(_document(found)) if found is not None else None


def _document(policy: Any) -> Any:
    """The version of a managed policy that is in force."""
    return next(one.document for one in policy.versions if one.version_id == policy.default_version_id)


def _parsed(document: Any) -> Json:
    return json.loads(document) if isinstance(document, str) else document


def _tags(tags: Any) -> list[dict[str, str]]:
    return list(tags.values()) if isinstance(tags, dict) else list(tags or [])


def _kind(kind: str, account: str) -> dict[str, list[str]]:
    return {"aws:principaltype": [kind], "aws:principalaccount": [account]}
