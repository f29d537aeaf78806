"""Who may assume a role: those alone whom its trust policy names (IAM user guide, "Roles terms and concepts")."""

import json
from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.callers import caller_of, role_named
from opsctl.sandbox.engine.policies import PolicyQuestion, applies, statements_of
from opsctl.sandbox.engine.policy_conditions import listed


def install() -> None:
    """Put the rule around moto's AssumeRole."""
    from moto.sts.responses import TokenResponse

    TokenResponse.assume_role = _trusted(TokenResponse.assume_role)


def _trusted(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A role that is not there or trusts somebody else is denied in the same words (STS, AssumeRole)."""

    def assumed(self: Any) -> Any:
        from moto.core.exceptions import AccessDeniedError

        arn = str(self._get_param("RoleArn"))
        caller = caller_of(self.current_account, self.access_key)
        name = caller.arn if caller else f"arn:aws:iam::{self.current_account}:root"
        names = {name, *(caller.context["aws:principalarn"] if caller else ())}
        external = self._get_param("ExternalId")
        context = {"sts:externalid": [external]} if external else {}
        role = role_named(self.current_account, arn)
        if role is None or not _trusts(role, self.current_account, names, context):
            fault = AccessDeniedError(user_arn=name, action="sts:AssumeRole")
            fault.description = fault.description.replace("sts:AssumeRole", f"sts:AssumeRole on resource: {arn}")
            raise fault
        return method(self)

    return assumed


def _trusts(role: Any, account: str, names: set[str], context: dict[str, list[str]]) -> bool:
    document = role.assume_role_policy_document
    statements = statements_of(json.loads(document) if isinstance(document, str) else document)
    asked = PolicyQuestion("sts:AssumeRole", "*", context)
    named = [one for one in statements if _names(one.get("Principal"), account, names)]
    effects = {one.get("Effect") for one in named if applies({**one, "Resource": "*"}, asked)}
    return effects == {"Allow"}


def _names(principal: Json, account: str, names: set[str]) -> bool:
    """An account stands for everybody in it whom its own policies let."""
    if principal == "*":
        return True
    whole = {"*", account, f"arn:aws:iam::{account}:root"}
    return any(one in whole or one in names for one in listed((principal or {}).get("AWS")))
