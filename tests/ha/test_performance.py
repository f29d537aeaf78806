"""Settings of speed and capacity: carried where a launch template can, told where it cannot."""

import botocore.session
import pytest
from botocore.validate import ParamValidator

from opsctl.model.value import Json
from tests.kit.lone_instance import INSTANCE, ids, look

NIC = INSTANCE["NetworkInterfaces"][0]
TIMEOUTS: Json = {"TcpEstablishedTimeout": 600, "UdpTimeout": 30}
GROUP = "arn:aws:resource-groups:eu-west-1:123456789012:group/ours"


def reserved(**spec: Json) -> dict[str, Json]:
    return {"CapacityReservationSpecification": spec}


def test_an_ordinary_instance_carries_none_of_it() -> None:
    usual = reserved(CapacityReservationPreference="open")
    usual |= {"NetworkPerformanceOptions": {"BandwidthWeighting": "default"}}
    usual |= {"MaintenanceOptions": {"AutoRecovery": "default", "RebootMigration": "default"}}
    off = NIC | {"Attachment": {"DeviceIndex": 0, "EnaSrdSpecification": {"EnaSrdEnabled": False}}}
    assert look(usual | {"NetworkInterfaces": [off]}).template == look().template


def test_ena_express_tracking_and_weighting_are_carried_as_botocore_knows_them() -> None:
    express = {"EnaSrdEnabled": True, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}
    nic = NIC | {"ConnectionTrackingConfiguration": TIMEOUTS}
    nic |= {"Attachment": {"DeviceIndex": 0, "EnaSrdSpecification": express}}
    weighted: Json = {"BandwidthWeighting": "vpc-1"}
    found = look({"NetworkInterfaces": [nic], "NetworkPerformanceOptions": weighted})
    interface = found.template["NetworkInterfaces"][0]
    assert interface["EnaSrdSpecification"] == express
    assert interface["ConnectionTrackingSpecification"] == TIMEOUTS
    assert found.template["NetworkPerformanceOptions"] == weighted
    assert {"ena-express", "connection-tracking", "bandwidth-weighting"} <= ids(found, "carry")
    shape = botocore.session.get_session().get_service_model("ec2").shape_for("RequestLaunchTemplateData")
    assert not ParamValidator().validate(found.template, shape).has_errors()


@pytest.mark.parametrize(
    ("spec", "carried", "kind"),
    [
        ({"CapacityReservationPreference": "none"}, {"CapacityReservationPreference": "none"}, "carry"),
        (
            {"CapacityReservationPreference": "capacity-reservations-only"},
            {"CapacityReservationPreference": "capacity-reservations-only"},
            "warn",
        ),
        ({"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}}, None, "warn"),
        (
            {"CapacityReservationTarget": {"CapacityReservationResourceGroupArn": GROUP}},
            {"CapacityReservationTarget": {"CapacityReservationResourceGroupArn": GROUP}},
            "carry",
        ),
    ],
)
def test_the_use_of_reservations_is_carried_but_not_to_one_that_lies_in_one_zone(
    spec: Json, carried: Json, kind: str
) -> None:
    found = look(reserved(**spec))
    assert found.template.get("CapacityReservationSpecification") == carried
    assert [one.kind for one in found.verdicts if one.id == "capacity-reservation"] == [kind]


def test_what_no_template_carries_is_told() -> None:
    assert "reboot-migration" in ids(look({"MaintenanceOptions": {"RebootMigration": "disabled"}}), "warn")
