"""EC2: tags put on resources and taken off again."""

from collections.abc import Mapping

from opsctl.model.changes import Check, Instruction
from opsctl.model.reads import Read
from opsctl.resources.marks import tag_list


def describe_tags(resource: str) -> Read:
    """Read the tags of one resource."""
    filters = [{"Name": "resource-id", "Values": [resource]}]
    return Read(service="ec2", operation="DescribeTags", params={"Filters": filters})


def create_tags(resource: str, tags: Mapping[str, str]) -> Instruction:
    """Put tags on a resource."""
    params = {"Resources": [resource], "Tags": tag_list(tags)}
    return Instruction(kind="call", service="ec2", operation="CreateTags", params=params)


def delete_tags(resource: str, tags: Mapping[str, str]) -> Instruction:
    """Take tags off; EC2 deletes one only if its value is the given one as well."""
    params = {"Resources": [resource], "Tags": tag_list(tags)}
    return Instruction(kind="call", service="ec2", operation="DeleteTags", params=params)


def has_none_of(resource: str, tags: Mapping[str, str]) -> Check:
    """The resource has no tag of these keys."""
    keys = ", ".join(f"'{key}'" for key in sorted(tags))
    return Check(
        read=describe_tags(resource),
        query=f"Tags[?contains([{keys}], Key)].Key",
        op="empty",
        says=f"{resource} has no tag {', '.join(sorted(tags))}",
    )


def has_tags(resource: str, tags: Mapping[str, str]) -> Check:
    """The resource has exactly these values under these keys."""
    return Check(
        read=describe_tags(resource),
        query="Tags[].{Key: Key, Value: Value}",
        op="contains",
        value=tag_list(tags),
        says=f"{resource} is tagged {', '.join(f'{k}={v}' for k, v in sorted(tags.items()))}",
    )
