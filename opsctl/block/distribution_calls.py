"""CloudFront: attaching a web ACL to a distribution, and its geo restriction; all under the ETag."""

from collections.abc import Sequence

from opsctl.block.cloudfront import get_distribution_config
from opsctl.model.changes import Check, EditSpec, Element, Grant, Instruction, Query
from opsctl.model.reads import Read
from opsctl.model.value import Json

STALE = ("PreconditionFailed", "InvalidIfMatchVersion")
DEPLOYED_WITHIN_S = 900
_GEO = "DistributionConfig.Restrictions.GeoRestriction"


def get_distribution(distribution: str) -> Read:
    """Read a distribution with its ETag and status."""
    return Read(service="cloudfront", operation="GetDistribution", params={"Id": distribution})


def attach_web_acl(distribution: str, web_acl: Json) -> Instruction:
    """Attach a web ACL to a distribution; CloudFront's own call, the configuration is not sent."""
    return _web_acl_edit("AssociateDistributionWebACL", {"Id": distribution, "WebACLArn": web_acl}, distribution)


def detach_web_acl(distribution: str) -> Instruction:
    """Detach whatever web ACL a distribution has."""
    return _web_acl_edit("DisassociateDistributionWebACL", {"Id": distribution}, distribution)


def distribution_has(distribution: str, web_acl: Json, name: str) -> Check:
    """A distribution has this web ACL, or none when `web_acl` is None."""
    read, query = get_distribution(distribution), "Distribution.DistributionConfig.WebACLId"
    if web_acl is None:
        return Check(read=read, query=query, op="empty", says=f"distribution {name} has no web ACL")
    says = f"distribution {name} is protected by our web ACL"
    return Check(read=read, query=query, op="equals", value=web_acl, says=says)


def is_deployed(distribution: str, name: str) -> Check:
    """CloudFront reports that the last change has reached its edges."""
    return Check(
        read=get_distribution(distribution),
        query="Distribution.Status",
        op="equals",
        value="Deployed",
        says=f"distribution {name} is deployed",
    )


def functions_at_edge(config: Json) -> tuple[str, ...]:
    """Return the ARNs of the Lambda@Edge function versions in a distribution's configuration, each once."""
    behaviors = [
        config.get("DefaultCacheBehavior") or {},
        *((config.get("CacheBehaviors") or {}).get("Items") or []),
    ]
    return tuple(
        dict.fromkeys(
            one["LambdaFunctionARN"]
            for behavior in behaviors
            for one in (behavior.get("LambdaFunctionAssociations") or {}).get("Items") or []
        )
    )


def edit_countries(
    distribution: str, elements: Sequence[Element], functions: Sequence[str] = (), spares: Query | None = None
) -> Instruction:
    """Rewrite the distribution's configuration with these elements of its geo restriction changed.

    Countries that `spares` finds are not taken off its list.

    `functions` are the function versions that the configuration names: CloudFront asks for the permissions to
    associate them again with every update (CloudFront developer guide, IAM permissions for Lambda@Edge).
    """
    return Instruction(
        kind="edit",
        service="cloudfront",
        operation="UpdateDistribution",
        params={"Id": distribution},
        grants=tuple(
            Grant(service="lambda", operation=name, params={"FunctionName": one})
            for one in functions
            for name in ("GetFunction", "EnableReplication*")
        ),
        edit=EditSpec(
            read=get_distribution_config(distribution),
            carry={"DistributionConfig": "DistributionConfig", "IfMatch": "ETag"},
            elements=tuple(elements),
            conflicts=STALE,
            spares=spares,
        ),
    )


def country_element(op: str, country: str) -> Element:
    """Add or remove one country of the restriction's list."""
    # Quantity and Items stand beside RestrictionType, so the whole restriction is the counted list.
    return Element.model_validate({"op": op, "at": _GEO, "value": country, "counted": True})


def type_element(restriction: str, *, if_empty: bool) -> Element:
    """Set the restriction's type; with `if_empty` only when no country is left in the list."""
    return Element(op="set", at=f"{_GEO}.RestrictionType", value=restriction, if_empty=_GEO if if_empty else "")


def restriction_is(distribution: str, restriction: str, name: str) -> Check:
    """The geo restriction is still of this type."""
    return Check(
        read=get_distribution_config(distribution),
        query=f"{_GEO}.RestrictionType",
        op="equals",
        value=restriction,
        context=True,
        says=f"the geo restriction of {name} is still of type {restriction}",
    )


def is_no_allowlist(distribution: str, name: str) -> Check:
    """The geo restriction is a denylist, or none yet: another run may make the first entry at any moment."""
    return Check(
        read=get_distribution_config(distribution),
        query=f"[{_GEO}.RestrictionType]",
        op="excludes",
        value=["whitelist"],
        context=True,
        says=f"the geo restriction of {name} is no allowlist",
    )


def countries_listed(
    distribution: str, restriction: str, countries: Sequence[str], name: str, *, present: bool
) -> Check:
    """The list of this type has all of these countries, or none of them."""
    return Check(
        read=get_distribution_config(distribution),
        query=f"[{_GEO}][?RestrictionType=='{restriction}'].Items[]",
        op="contains" if present else "excludes",
        value=list(countries),
        says=f"the {restriction} of {name} {'has' if present else 'does not have'} {', '.join(countries)}",
    )


def some_refused(distribution: str, restriction: str, countries: Sequence[str], name: str) -> Check:
    """At least one of these countries is refused: on the denylist, or left out of the allowlist."""
    listed = countries_listed(distribution, restriction, countries, name, present=True)
    op, says = ("meets", "some of") if restriction == "blacklist" else ("lacks", "not all of")
    return listed.model_copy(
        update={
            "op": op,
            "networks": True,
            "says": f"the {restriction} of {name} has {says} {', '.join(countries)}",
        }
    )


def _web_acl_edit(operation: str, params: dict[str, Json], distribution: str) -> Instruction:
    return Instruction(
        kind="edit",
        service="cloudfront",
        operation=operation,
        params=params,
        edit=EditSpec(read=get_distribution(distribution), carry={"IfMatch": "ETag"}, conflicts=STALE),
    )
