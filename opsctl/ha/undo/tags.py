"""Taking our tags off what has taken an instance's place, which a plan could not name."""

from opsctl.ha.tags import (
    COPY_TAG,
    DEVICE_TAG,
    DRILL_TAG,
    FAILOVER_TAG,
    GROUP_TAG,
    ROLE_TAG,
    SNAPSHOTS_TAG,
    WAIT_TAG,
    ZONE_DOWN_TAG,
)
from opsctl.model.changes import Change, Check, Instruction, Query
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.value import Json
from opsctl.resources.ec2_instance_calls import instances_tagged
from opsctl.resources.undo_steps import step

LEFT_ON_INSTANCES = (DRILL_TAG, FAILOVER_TAG, GROUP_TAG, ROLE_TAG, SNAPSHOTS_TAG, WAIT_TAG, ZONE_DOWN_TAG)
"""What the handler, a drill or a person who helped it has put on an instance that outlives the group."""


def untag_survivors(group: str, instance: str) -> tuple[Change, ...]:
    """Take our tags off the instance that runs in the place of this one, and off the copies that it has.

    What is retired keeps its own, and so do snapshots: they say what the data on them is. A copy that no instance
    has never took over, so it is tagged as retired.
    """
    why = "it no longer belongs to the group"
    return (
        _each(
            "copies-left",
            copies_left(group),
            _tags("CreateTags", "copies-left", {ROLE_TAG: "retired"}),
            f"Tag unused volume copies of {group} as retired",
            "a later make-ha must not take them for the data",
        ),
        _each(
            "copies",
            copies_in_use(group),
            _tags("DeleteTags", "copies", dict.fromkeys((COPY_TAG, DEVICE_TAG, DRILL_TAG, GROUP_TAG, ROLE_TAG))),
            f"Remove the tags of {group} from the volume copies in use",
            why,
        ),
        _each(
            "interfaces",
            interfaces_of(group),
            _tags("DeleteTags", "interfaces", {GROUP_TAG: group}),
            f"Remove the tag of {group} from network interfaces",
            why,
        ),
        _each(
            "instances",
            instances_instead(group, instance),
            _tags(
                "DeleteTags",
                "instances",
                dict.fromkeys(LEFT_ON_INSTANCES),
            ),
            f"Remove the tags of {group} from what replaced {instance}",
            why,
        ),
    )


def _each(id_: str, found: Query, call: Instruction, title: str, why: str) -> Change:
    return step(call, id_, title, why, done=nothing(found), outputs={"ids": found})


def _tags(operation: str, id_: str, tags: dict[str, str] | dict[str, None]) -> Instruction:
    """Without a value, EC2 deletes a tag whatever it says."""
    listed = [{"Key": key, **({} if value is None else {"Value": value})} for key, value in sorted(tags.items())]
    params = {"Resources": reference(id_, "ids"), "Tags": listed}
    return Instruction(kind="call", service="ec2", operation=operation, params=params)


_LIVES = "State.Name!='terminated' && State.Name!='shutting-down'"
_RETIRED = f"Tags[?Key=='{ROLE_TAG}' && Value=='retired']"


def instances_instead(group: str, instance: str) -> Query:
    """The instances of the group but this one, and those that a failover has retired."""
    mine = f"InstanceId!='{instance}' && !({_RETIRED})"
    query = f"Reservations[].Instances[] | [?{_LIVES} && {mine}].InstanceId"
    return Query(read=instances_tagged(GROUP_TAG, group), query=query)


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
