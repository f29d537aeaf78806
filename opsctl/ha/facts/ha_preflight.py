"""The fact behind make-ha: what an instance is, and what speaks against putting it under recovery."""

import re
from typing import ClassVar

from pydantic import Field

from opsctl.ha.checks.preflight_finding import PreflightFinding
from opsctl.ha.inventory import HaRequest, Inventory
from opsctl.ha.reads import NEEDED, first_reads, second_reads, third_reads, unread
from opsctl.ha.result import HaPreflightResult, result_of
from opsctl.ha.snapshots import refuse_bad_schedule
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe
from opsctl.resources.route53 import normal_name


class HaPreflight(HaRequest, Fact):
    """Read everything that matters before an instance is put under recovery, and judge it.

    The instance is named by its id or its Name tag. What could not be read is `unknown` and shown as such.
    """

    name: ClassVar[str] = "ha.preflight"
    Result: ClassVar[type[Value]] = HaPreflightResult

    instance: str = Field(description="Id or Name tag of the instance.")
    group: str = Field("", description="Name of the group; empty: ha- and the instance's name.")

    def read(self, about: Context) -> Fetching[Value]:
        """Find the instance, read around it in two rounds, and judge."""
        if self.topic:
            _refuse_bad_topic(self.topic, about)
        refuse_bad_schedule(self.snapshots, self.rpo_s, self.keep_snapshots)
        instance = yield from find_instance(self.instance, about)
        inventory = Inventory(
            account=about.account,
            region=about.region,
            partition=about.identity.partition,
            instance=instance,
            wanted=self.model_copy(update={"record": normal_name(self.record.partition("/")[2])}),
            commands=about.commands,
        )
        unknown: list[PreflightFinding] = []
        for reads_of in (first_reads, second_reads, third_reads):
            reads = reads_of(inventory)
            answers = yield list(reads.values())
            inventory = _with_answers(inventory, dict(zip(reads, answers, strict=True)), reads, unknown)
        return result_of(inventory, self.group, unknown)


def _with_answers(
    inventory: Inventory, answers: dict[str, Answer], reads: dict[str, Read], unknown: list[PreflightFinding]
) -> Inventory:
    known: dict[str, Json] = dict(inventory.answers)
    for name, answer in answers.items():
        if answer.refusal is None:
            known[name] = answer.value
        elif answer.refusal.kind is RefusalKind.MISSING:
            known[name] = {}
        elif name in NEEDED:
            raise FactUnknown(answer.refusal)
        else:
            why = f"{answer.refusal.code} at {reads[name].api}"
            id_ = f"unknown-{name.partition(' ')[0]}"
            unknown.append(PreflightFinding(id=id_, kind="unknown", what=unread(name), why=why))
    return inventory.model_copy(update={"answers": known})


def _refuse_bad_topic(topic: str, about: Context) -> None:
    parts = topic.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        raise InvalidInput.one(f"{topic!r} is not the ARN of a topic", source="topic")
    if topic.endswith(".fifo"):
        raise InvalidInput.one(
            "EventBridge cannot publish to a FIFO topic", source="topic", hint="give a standard topic, or none"
        )
    if parts[3] != about.region:
        raise InvalidInput.one(
            f"the topic is in {parts[3]}, this run in {about.region}",
            source="topic",
            hint="an alarm can notify only a topic in its own region; give one there, or none",
        )


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
            hint="launch a new one from its image or a snapshot, and give its id",
        )
    raise InvalidInput.one(
        f"there is no instance {asked!r} in account {about.account}, region {about.region}",
        source="instance",
        hint="give its id or its Name tag, or another --region",
    )
