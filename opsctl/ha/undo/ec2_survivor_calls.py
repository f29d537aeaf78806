"""EC2: what carries a group's tags beside what a plan tagged: replacements, their interfaces, and copies."""

from opsctl.ha.tags import COPY_TAG, GROUP_TAG, ROLE_TAG
from opsctl.ha.undo.ec2_handback_calls import instances_tagged
from opsctl.model.changes import Check, Query
from opsctl.model.reads import Read
from opsctl.model.value import Json

_LIVES = "State.Name!='terminated' && State.Name!='shutting-down'"
_RETIRED = f"Tags[?Key=='{ROLE_TAG}' && Value=='retired']"


def instances_instead(group: str, instance: str) -> Query:
    """The instances of the group but this one, and those that a failover has retired."""
    mine = f"InstanceId!='{instance}' && !({_RETIRED})"
    query = f"Reservations[].Instances[] | [?{_LIVES} && {mine}].InstanceId"
    return Query(read=instances_tagged(group), query=query)


def interfaces_of(group: str) -> Query:
    """The network interfaces that carry the group's tag."""
    params: dict[str, Json] = {"Filters": [{"Name": f"tag:{GROUP_TAG}", "Values": [group]}]}
    read = Read(service="ec2", operation="DescribeNetworkInterfaces", params=params)
    return Query(read=read, query="NetworkInterfaces[].NetworkInterfaceId")


def copies_in_use(group: str) -> Query:
    """The copies that hold the group's data and that an instance has."""
    return Query(read=_copies(group), query="Volumes[?Attachments].VolumeId")


def copies_left(group: str) -> Query:
    """The copies that should have held the group's data, and that no instance has."""
    return Query(read=_copies(group), query="Volumes[?!Attachments].VolumeId")


def nothing(found: Query) -> Check:
    """The query finds nothing (any more)."""
    return Check(read=found.read, query=found.query, op="empty", says="nothing of the kind is left")


def _copies(group: str) -> Read:
    filters = [
        {"Name": f"tag:{GROUP_TAG}", "Values": [group]},
        {"Name": f"tag:{ROLE_TAG}", "Values": ["data"]},
        {"Name": "tag-key", "Values": [COPY_TAG]},
    ]
    return Read(service="ec2", operation="DescribeVolumes", params={"Filters": filters})
