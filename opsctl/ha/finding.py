"""Finds the instance that a person named."""

import re

from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.ec2 import describe

_ID = re.compile(r"i-([0-9a-f]{8}|[0-9a-f]{17})")


def find_instance(asked: str, about: Context) -> Fetching[Json]:
    """Return the instance of an id or a Name tag, as DescribeInstances tells it.

    Raises:
        InvalidInput: there is none, there are several, or it has been terminated.
        FactUnknown: instances may not be read.
    """
    by_id = _ID.fullmatch(asked) is not None
    read = (
        Read(service="ec2", operation="DescribeInstances", params={"InstanceIds": [asked]})
        if by_id
        else describe("DescribeInstances", about.region, {"tag:Name": [asked]})
    )
    answer = yield from fetch(read)
    if answer.refusal is not None and answer.refusal.kind is not RefusalKind.MISSING:
        raise FactUnknown(answer.refusal)
    found = [
        one
        for reservation in (answer.value or {}).get("Reservations", [])
        for one in reservation.get("Instances", [])
    ]
    living = [one for one in found if one["State"]["Name"] not in ("terminated", "shutting-down")]
    if len(living) == 1:
        return living[0]
    if len(living) > 1:
        ids = ", ".join(sorted(f"{one['InstanceId']} ({one['State']['Name']})" for one in living)[:5])
        raise InvalidInput.one(
            f"{len(living)} instances are named {asked!r}: {ids}", source="instance", hint="give the id"
        )
    if found:
        raise InvalidInput.one(
            f"instance {found[0]['InstanceId']} has been terminated",
            source="instance",
            hint="launch a new one, from its image or a snapshot, and name that",
        )
    raise InvalidInput.one(
        f"there is no instance {asked!r} in account {about.account}, region {about.region}",
        source="instance",
        hint="give its id or its Name tag; --region looks elsewhere",
    )
