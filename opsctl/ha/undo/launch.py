"""Giving a first launch up, and everything that it took from the old instance back to that."""

from collections.abc import Sequence

from opsctl.ha.recovery.package import PrivateRecord
from opsctl.ha.undo.ec2_handback_calls import (
    address_is_at,
    address_is_free,
    associate_free_address,
    attach_volume,
    hold_the_data,
    no_other_runs,
    volume_is_free,
    volume_is_free_or_on,
    volume_is_on,
)
from opsctl.model.changes import Change, Check
from opsctl.model.value import Json, Value
from opsctl.resources.asg_calls import delete_hook, group_exists, hook_is, processes_are, set_sizes, suspend
from opsctl.resources.asg_undo_calls import (
    none_but_kept,
    none_ever_launched,
    none_in_service,
    none_is_pending,
    none_on_its_way,
    wants_none,
)
from opsctl.resources.ec2_instance_calls import is_alive
from opsctl.resources.route53 import normal_name
from opsctl.resources.route53_record_calls import points_at, upsert_record
from opsctl.resources.undo_steps import step, wait

ENDED_WITHIN_S = 1800
FREE_WITHIN_S = 300


class Belongings(Value):
    """What an instance had when the plan was made: data volumes by device, Elastic IPs, and a private name."""

    instance: str
    private_ip: str = ""
    volumes: dict[str, str] = {}
    addresses: tuple[dict[str, Json], ...] = ()
    record: PrivateRecord | None = None


def belongings_of(
    instance: Json, devices: Sequence[str], addresses: Sequence[Json], record: PrivateRecord | None
) -> Belongings:
    """Return what an instance has, out of AWS's answers."""
    return Belongings(
        instance=instance["InstanceId"],
        private_ip=instance.get("PrivateIpAddress", ""),
        record=record,
        volumes={
            one["DeviceName"]: one["Ebs"]["VolumeId"]
            for one in instance.get("BlockDeviceMappings", [])
            if one["DeviceName"] in devices
        },
        addresses=tuple(
            {name: one[name] for name in ("AllocationId", "NetworkInterfaceId", "PrivateIpAddress")}
            for one in addresses
            if one.get("AllocationId")
        ),
    )


def give_up_launch(group: str, hooks: Sequence[str], old: Belongings) -> tuple[Change, ...]:
    """End what a group is launching first of all, unless it is in service or the data has moved on to copies.

    Nothing more is launched first: without its hooks a launch would go into service without its data. Deleting
    the hook of launching abandons the launch (PutLifecycleHook), and AWS ends that instance, which flushes its
    disks as it shuts down and lets go of the volumes; nothing of the data is deleted with it.
    """
    held = (hold_the_data(group, list(old.volumes.values())),) if old.volumes else ()
    first = (none_ever_launched(group), none_in_service(group))
    only_if = (group_exists(group), is_alive(old.instance), *first, *held)
    why = f"unless the new instance is in service, {old.instance} gets everything back"
    again = "check the group's scaling activities, then run the undo again"
    deleted = [
        step(
            delete_hook(group, hook),
            f"give-up-{number}",
            f"Abandon the launch in {group}: delete lifecycle hook {hook}",
            why,
            done=hook_is(group, hook, None),
            only_if=only_if,
            risk="An instance that waits in it is terminated, and its root disk is lost.",
        )
        for number, hook in enumerate(hooks, start=1)
    ]
    return (
        step(
            suspend(group, ["Launch"]),
            "no-more",
            f"Suspend Launch in {group}, unless its instance is in service",
            why,
            done=processes_are(group, ["Launch"], suspended=True),
            only_if=only_if,
            passing=True,
        ),
        wait("held", why, until=none_is_pending(group), within_s=FREE_WITHIN_S, otherwise=again, only_if=only_if),
        *deleted,
        wait(
            "ended", why, until=none_on_its_way(group), within_s=ENDED_WITHIN_S, otherwise=again, only_if=only_if
        ),
        step(
            set_sizes(group, DesiredCapacity=0),
            "want-none",
            f"Set desired capacity of {group} to 0, if it has no instance",
            why,
            done=wants_none(group),
            only_if=(group_exists(group), none_but_kept(group)),
        ),
    )


def give_back(group: str, old: Belongings) -> tuple[Change, ...]:
    """Attach the old instance's volumes and address to it again, unless another instance of the group runs."""
    only_if = (group_exists(group), is_alive(old.instance), no_other_runs(group, old.instance))
    return (
        *(
            one
            for number, (device, volume) in enumerate(sorted(old.volumes.items()), start=1)
            for one in _volume_back(group, old.instance, device, volume, number)
        ),
        *(
            step(
                associate_free_address(address),
                f"address-{number}",
                f"Associate {address['AllocationId']} with {old.instance} again, if it is free",
                "it serves at this address again",
                done=address_is_at(address),
                only_if=(*only_if, address_is_free(address["AllocationId"])),
            )
            for number, address in enumerate(old.addresses, start=1)
        ),
        *(_name_back(old, old.record, only_if) if old.record else ()),
    )


def _name_back(old: Belongings, record: PrivateRecord, only_if: tuple[Check, ...]) -> tuple[Change, ...]:
    name = f"{normal_name(record.name)}."
    value = {"Name": name, "Type": "A", "TTL": record.ttl, "ResourceRecords": [{"Value": old.private_ip}]}
    return (
        step(
            upsert_record(record.zone_id, value),
            "name",
            f"Point {record.name} at {old.instance} again",
            "it points at the new instance if the recovery got that far",
            done=points_at(record.zone_id, name, old.private_ip),
            only_if=only_if,
            passing=True,
        ),
    )


def _volume_back(group: str, instance: str, device: str, volume: str, number: int) -> tuple[Change, ...]:
    only_if = (group_exists(group), is_alive(instance), no_other_runs(group, instance))
    why = f"no other instance of {group} runs, so {instance} serves with its data again"
    return (
        wait(
            f"free-{number}",
            why,
            until=volume_is_free_or_on(volume, instance),
            within_s=FREE_WITHIN_S,
            otherwise="detach it from the instance that has it, then run the undo again",
            only_if=only_if,
        ),
        step(
            attach_volume(volume, instance, device),
            f"volume-{number}",
            f"Attach {volume} to {instance} as {device} again",
            why,
            done=volume_is_on(volume, instance),
            expect=(volume_is_free(volume), hold_the_data(group, [volume])),
            only_if=only_if,
            within_s=FREE_WITHIN_S,
        ),
    )
