"""Reads what make-ha built under a name, a group or a standby, and takes nothing else for one."""

from opsctl.ha.ha_pair import Pair, pair_of
from opsctl.ha.tags import GROUP_TAG
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.asg_calls import describe_group
from opsctl.resources.ec2 import parse_tags
from opsctl.resources.ec2_instance_calls import instances_tagged


def own(name: str, about: Context) -> Fetching[Json | Pair]:
    """Read one group as AWS describes it, or where there is none the two instances of a standby.

    Raises:
        InvalidInput: there is neither of that name, or make-ha did not build it.
        FactUnknown: it could not be read.
    """
    answer = yield from require(describe_group(name))
    groups = answer.get("AutoScalingGroups", [])
    if not groups:
        tagged = yield from require(instances_tagged(GROUP_TAG, name))
        pair = pair_of(name, tagged)
        if pair is not None:
            return pair
        raise InvalidInput.one(
            f"there is no Auto Scaling group {name!r}, and no standby of that name, "
            f"in account {about.account}, region {about.region}",
            source="group",
            hint="give the name that make-ha printed, or another --region",
        )
    if parse_tags(groups[0]).get(GROUP_TAG) != name:
        build = about.commands.opsctl("make-ha", "INSTANCE")
        raise InvalidInput.one(
            f"make-ha did not build group {name!r}: it does not carry the tag {GROUP_TAG}",
            source="group",
            hint=f"create one with {build}; make-ha does not adopt existing groups",
        )
    return groups[0]
