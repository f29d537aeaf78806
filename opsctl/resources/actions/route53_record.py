"""Points a private DNS name at an address."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Proof, Risk, Severity
from opsctl.model.errors import FactUnknown, InvalidInput, RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.reads import RefusalKind
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.route53 import normal_name
from opsctl.resources.route53_record_calls import (
    delete_record,
    get_hosted_zone,
    has_no_address,
    points_at,
    record_at,
    upsert_record,
)


class Route53Record(Action):
    """Point an A record of a private hosted zone at one address; undo gives it its old value, or deletes it.

    A record that has that address already gives no change. Undo leaves a record alone that points elsewhere by
    then.
    """

    name: ClassVar[str] = "route53.record"

    zone: str = Field(description="Id of the private hosted zone, such as Z0123456789ABC.")
    record: str = Field(description="The name, such as db.corp.internal.")
    vpc: str = Field(description="Id of the VPC that resolves the name; the zone must be associated with it.")
    address: str = Field(description="The IPv4 address.")
    ttl_s: int = Field(30, ge=0, le=2147483647, description="TTL, in seconds.")
    why: str = Field(description="Who uses the name.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ChangeResourceRecordSets.

        Raises:
            InvalidInput: there is no such zone, it is public or of other VPCs, or the name is not in it.
            RefusedByGuard: the name is an alias, a CNAME or one of several record sets.
        """
        name = f"{normal_name(self.record)}."
        zone, found = yield [get_hosted_zone(self.zone), record_at(self.zone, name)]
        if zone.refusal is not None:
            if zone.refusal.kind in (RefusalKind.MISSING, RefusalKind.INVALID):
                raise _wrong(
                    f"there is no hosted zone {self.zone}", about.commands.aws("route53", "list-hosted-zones")
                )
            raise FactUnknown(zone.refusal)
        if found.refusal is not None:
            raise FactUnknown(found.refusal)
        self._check_zone(zone.value, name)
        before = next((each for each in found.value["ResourceRecordSets"] if each["Name"] == name), None)
        if before is not None and before["Type"] == "AAAA":
            before = None
        if before is not None and ("SetIdentifier" in before or not _is_plain(before)):
            kind = "a CNAME" if before["Type"] == "CNAME" else "an alias, or one of several record sets,"
            raise RefusedByGuard(f"{name} is {kind} and cannot point to one address", "choose another name")
        values = [each["Value"] for each in before["ResourceRecords"]] if before else []
        if values == [self.address]:
            return []
        if len(values) > 1:
            raise RefusedByGuard(
                f"{name} has several addresses ({', '.join(values)}) and would lose them", "choose another name"
            )
        return [self._change(name, before, values)]

    def _check_zone(self, answer: Json, name: str) -> None:
        zone = normal_name(answer["HostedZone"]["Name"])
        if not answer["HostedZone"].get("Config", {}).get("PrivateZone"):
            raise _wrong(
                f"hosted zone {self.zone} ({zone}) is public", "a private address belongs in a private zone"
            )
        if self.vpc not in [each["VPCId"] for each in answer.get("VPCs", [])]:
            raise _wrong(
                f"hosted zone {self.zone} ({zone}) is not associated with {self.vpc}", "associate it with the VPC"
            )
        if not name.endswith(f".{zone}.") and name != f"{zone}.":
            raise _wrong(f"{name} is not in hosted zone {self.zone} ({zone})", f"such as db.{zone}")

    def _change(self, name: str, before: Json, values: list[str]) -> Change:
        wanted = {"Name": name, "Type": "A", "TTL": self.ttl_s, "ResourceRecords": [{"Value": self.address}]}
        there = points_at(self.zone, name, self.address)
        undo: Instruction = upsert_record(self.zone, before) if before else delete_record(self.zone, wanted)
        instead = f"; it is {values[0]} now" if values else ""
        return Change(
            **dict(upsert_record(self.zone, wanted)),
            id="point",
            title=f"Point {name.rstrip('.')} at {self.address}",
            why=self.why,
            expect=(points_at(self.zone, name, values[0]) if values else has_no_address(self.zone, name),),
            proof=Proof(configured=(there,), within_s=60),
            undo=undo,
            undo_only_if=(there,),
            risk=Risk(severity=Severity.MEDIUM, note=f"Clients of the name connect to {self.address}{instead}."),
        )


def _is_plain(record: Json) -> bool:
    return bool(record["Type"] == "A" and record.get("ResourceRecords"))


def _wrong(summary: str, hint: str) -> InvalidInput:
    return InvalidInput.one(summary, source="record", hint=hint)
