"""How severe a call is at the least, whatever is said about it."""

import re

from opsctl.model.changes import Change, Instruction, Severity
from opsctl.model.references import MARK, is_reference
from opsctl.model.value import Json
from opsctl.resources.block_risk import any_wide
from opsctl.resources.blocked_networks import texts_blocked_by

_RANK = {severity: rank for rank, severity in enumerate(Severity)}

# What stops an instance, or takes an address or messages away, by the parameter that names what it is done to.
_SEVERE = {
    "autoscaling.TerminateInstanceInAutoScalingGroup": "InstanceId",
    "ec2.DisassociateAddress": "AssociationId",
    "ec2.RebootInstances": "InstanceIds",
    "ec2.ReleaseAddress": "AllocationId",
    "ec2.StopInstances": "InstanceIds",
    "ec2.TerminateInstances": "InstanceIds",
    "sqs.PurgeQueue": "QueueUrl",
}

# The countries that a distribution serves, and what may hold them: a configuration put in place as a whole.
_COUNTRIES = re.compile(r'Restriction|"DistributionConfig":\{"\$ref"|"at":"(DistributionConfig)?"')

_GEO = "DistributionConfig.Restrictions.GeoRestriction"
_TYPE = f"{_GEO}.RestrictionType"


def least_severity(instruction: Instruction, *, believed: bool) -> Severity:
    """Return severe for a stop, a geo block, a wide network or what cannot be had back; low for anything else.

    What a plan makes itself serves nobody yet; that a reference leads to just that has to be `believed`, and is
    so only of what opsctl's own actions make: an output of a raw step is whatever its query picks.
    """
    if instruction.api in _SEVERE:
        made_here = _is_made_here(instruction.params.get(_SEVERE[instruction.api]))
        return Severity.LOW if made_here and believed else Severity.SEVERE
    if _restricts_countries(instruction) or any_wide(texts_blocked_by(instruction)):
        return Severity.SEVERE
    return Severity.LOW


def no_less_severe(change: Change, *, believed: bool = True) -> Change:
    """Return a change whose risk is told to be what it is at the least, whatever was told before."""
    if believed and _only_lets_countries_in(change):
        return change
    severity = max(change.risk.severity, least_severity(change, believed=believed), key=_RANK.__getitem__)
    if severity is change.risk.severity:
        return change
    return change.model_copy(update={"risk": change.risk.model_copy(update={"severity": severity})})


def _only_lets_countries_in(change: Change) -> bool:
    """Whether an edit takes countries off a denylist, or puts some on an allowlist, and expects that it is one."""
    elements = change.edit.elements if change.edit else ()
    lists = [one for one in elements if one.at == _GEO]
    others = [one for one in elements if one.at != _GEO]
    expected = [check.value for check in change.expect if check.query == _TYPE and check.op == "equals"]
    if change.api != "cloudfront.UpdateDistribution" or len(expected) != 1 or not lists:
        return False
    if expected == ["blacklist"]:
        emptied = all(one.at == _TYPE and one.value == "none" and one.if_empty == _GEO for one in others)
        return emptied and all(one.op == "remove" for one in lists)
    return expected == ["whitelist"] and not others and all(one.op == "add" for one in lists)


def _is_made_here(value: Json) -> bool:
    named = value if isinstance(value, (list, tuple)) else [value]
    return bool(named) and all(is_reference(one) and _is_of_an_action(one[MARK]) for one in named)


def _is_of_an_action(output: str) -> bool:
    """The change of a raw step is named as the step, those of an action have a name of their own behind it."""
    return "/" in output


def _restricts_countries(instruction: Instruction) -> bool:
    """Whether a distribution is written with what holds for countries: as a whole, in part, or not known yet."""
    if instruction.api != "cloudfront.UpdateDistribution":
        return False
    return _COUNTRIES.search(instruction.model_dump_json(include={"params", "edit"})) is not None
