"""The fact behind make-ha: the recovery handler as it is deployed for one group."""

from typing import ClassVar

from pydantic import Field

from opsctl.ha.inventory import ElasticIp
from opsctl.ha.recovery.package import (
    HANDLER,
    RUNTIME,
    STANDBY_HANDLER,
    TRUST_POLICY,
    PrivateRecord,
    RecoveredAddress,
    RecoveryConfig,
    code,
    dlm_policy,
    dlm_trust,
    environment,
    role_policy,
    standby_policy,
)
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value


class HandlerPackage(Value):
    """What the steps that deploy the handler need."""

    zip_base64: str
    runtime: str
    handler: str
    environment: dict[str, str]
    trust: dict[str, Json]
    policy: dict[str, Json]
    record: PrivateRecord | None
    dlm_trust: dict[str, Json]
    dlm_policy: dict[str, Json]


class HaHandler(Fact):
    """Package the recovery handler with the configuration and the least privilege of one group; reads nothing."""

    name: ClassVar[str] = "ha.handler"
    Result: ClassVar[type[Value]] = HandlerPackage

    group: str = Field(description="Name of the group.")
    topic_arn: str = Field(description="ARN of the topic for its notifications.")
    addresses: tuple[ElasticIp, ...] = Field((), description="Elastic IPs that move with the instance.")
    devices: tuple[str, ...] = Field((), description="Device names of the data volumes that move with it.")
    allow_data_loss_s: int = Field(0, ge=0, description="Age in seconds of the oldest snapshot it may use.")
    snapshot_every_s: int = Field(0, ge=0, description="Seconds between the snapshots it makes; 0: none.")
    dlm_every_s: int = Field(0, ge=0, description="Seconds between those of a snapshot policy; 0: there is none.")
    keep_snapshots: int = Field(48, ge=1, le=1000, description="How many of its snapshots of a volume it keeps.")
    source_dest_check_off: bool = Field(
        False, description="Turn the source/destination check of replacements off."
    )
    kms_keys: tuple[str, ...] = Field((), description="ARNs of the customer managed keys of the data volumes.")
    topic_key: str = Field("", description="ARN of the customer managed key that encrypts the topic's messages.")
    record: str = Field("", description="Private DNS record that is pointed at the instance, as ZONE_ID/NAME.")

    subnets: dict[str, tuple[str, ...]] = Field(
        {}, description="Subnets by zone in which the group may launch; the handler selects among them."
    )
    standby: bool = Field(False, description="For a standby, not for a group.")

    def read(self, about: Context) -> Fetching[Value]:
        """Put the package together."""
        yield []
        config = RecoveryConfig(
            group=self.group,
            region=about.region,
            topic_arn=self.topic_arn,
            addresses=tuple(
                RecoveredAddress(
                    allocation_id=one.allocation_id,
                    device_index=one.device_index,
                    private_index=one.private_index,
                )
                for one in self.addresses
            ),
            devices=self.devices,
            allow_data_loss_s=self.allow_data_loss_s,
            source_dest_check=False if self.source_dest_check_off else None,
            record=_record(self.record),
            snapshot_every_s=self.snapshot_every_s if self.devices else 0,
            dlm_every_s=self.dlm_every_s if self.devices else 0,
            keep_snapshots=self.keep_snapshots,
            subnets=self.subnets,
            awaited_since=int(about.now) if (self.snapshot_every_s or self.dlm_every_s) and self.devices else 0,
        )
        policy = standby_policy if self.standby else role_policy
        return HandlerPackage(
            zip_base64=code(standby=self.standby),
            runtime=RUNTIME,
            handler=STANDBY_HANDLER if self.standby else HANDLER,
            environment=environment(config),
            trust=TRUST_POLICY,
            policy=policy(config, about.identity, self.kms_keys, self.topic_key),
            record=config.record,
            dlm_trust=dlm_trust(about.identity),
            dlm_policy=dlm_policy(config, about.identity, self.kms_keys),
        )


def _record(text: str) -> PrivateRecord | None:
    if not text:
        return None
    zone, slash, name = text.partition("/")
    if not slash or not zone or not name:
        raise InvalidInput.one(f"{text!r} is not ZONE_ID/NAME", source="record", hint="Z0123456789ABC/db.internal")
    return PrivateRecord(zone_id=zone, name=name)
