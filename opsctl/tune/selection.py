"""Which instances are meant: by id, name, tag, Auto Scaling group or cluster, or all of the Region."""

import re
from collections.abc import Sequence

from opsctl.model.errors import InvalidInput
from opsctl.model.reads import Read
from opsctl.model.value import Value
from opsctl.resources.ec2 import describe, describe_batches
from opsctl.tune.fleet import CLUSTER_TAGS, GROUP_TAG

_ALIVE = {"instance-state-name": ("pending", "running", "stopping", "stopped")}
_ID = re.compile(r"^i-[0-9a-f]{8}(?:[0-9a-f]{9})?$")
_HOW = "give ids or Name tags, or --tag, --group, --cluster or --all"


class Selection(Value):
    """What was asked for; what is given adds up to the union of all."""

    instances: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    group: str = ""
    cluster: str = ""
    all: bool = False

    def reads(self, region: str) -> list[Read]:
        """Build the DescribeInstances calls, one for each way in which instances are named.

        Raises:
            InvalidInput: nothing is named, everything and something is, or a tag has no `=`.
        """
        asked: list[tuple[str, Sequence[str]]] = [(f"tag:{key}", [value]) for key, value in map(_tag, self.tags)]
        asked.append(("instance-id", [one for one in self.instances if _ID.match(one)]))
        asked.append(("tag:Name", [one for one in self.instances if not _ID.match(one)]))
        if self.group:
            asked.append((f"tag:{GROUP_TAG}", [self.group]))
        if self.cluster:
            asked += [(f"tag:{key}", [self.cluster]) for key in CLUSTER_TAGS]
        reads = [
            read
            for name, values in asked
            for read in describe_batches("DescribeInstances", region, name, values, _ALIVE)
        ]
        if self.all and reads:
            raise InvalidInput.one(
                "every instance of the Region is meant already; leave the others out", source="all"
            )
        if not self.all and not reads:
            raise InvalidInput.one("no instance is named", source="instances", hint=_HOW)
        return reads or [describe("DescribeInstances", region, _ALIVE)]

    def nothing_found(self) -> InvalidInput:
        """Return the error for a selection that no instance meets, at what it was made by."""
        named = {"instances": self.instances, "tags": self.tags, "group": self.group, "cluster": self.cluster}
        source = next((name for name, given in named.items() if given), "all")
        return InvalidInput.one("no instance is there: nothing in this Region matches", source=source)


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise InvalidInput.one(f"{text!r} is not a tag", source="tags", hint="write it as KEY=VALUE")
    return key, value


def is_pattern(text: str) -> bool:
    """Tell whether a name stands for any number of names."""
    return "*" in text or "?" in text
