"""What is below its best inside an instance, and what nobody can tell."""

import pytest

from opsctl.cli.playbook_options import flag_of
from opsctl.model.commands import Commands
from opsctl.playbook.load import load_playbook
from opsctl.tune.finding import TuneFinding
from opsctl.tune.fleet import FleetInstance, FleetInterface
from opsctl.tune.guest_answers import GuestDevice, GuestNetwork
from opsctl.tune.guest_findings import guest_findings, has_third_generation
from tests.tune.fleets import ENA, HPC, OPTIONAL, TWO_CARDS, VF, instance, nic

NONE = dict.fromkeys(("bw_in", "bw_out", "pps", "conntrack", "linklocal"), 0)
MAC = "06:54:ba:1a:37:0b"


def device(**more: object) -> GuestDevice:
    best = {"name": "ens5", "mac": MAC, "mtu": 9001, "driver": "ena", "third": True, "queues": (8, 8)}
    return GuestDevice.model_validate({**best, "counted": NONE} | more)


def guest(*devices: GuestDevice, **more: object) -> GuestNetwork:
    current = {"system": "linux", "release": "amzn 2023", "kernel": "6.1.129", "modules": {"ena": "2.13.2g"}}
    return GuestNetwork.model_validate({"instance": "i-web", **current, "devices": devices or (device(),)} | more)


def found(inside: GuestNetwork, one: FleetInstance | None = None, of: object = ENA) -> list[TuneFinding]:
    return guest_findings(one or instance(ENA), of, inside, Commands())  # type: ignore[arg-type]


def ids(inside: GuestNetwork, one: FleetInstance | None = None, of: object = ENA) -> list[tuple[str, str]]:
    return [(each.id, each.severity) for each in found(inside, one, of)]


def test_at_its_best_nothing_is_found() -> None:
    assert ids(guest()) == []


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (guest(modules={"ena": "2.2.8g"}), [("ena-driver-old", "medium")]),
        (guest(modules={"ena": "2.2.9g"}), []),
        (guest(modules={"ena": "1.1.3"}), [("ena-driver-old", "high")]),
        (guest(device(third=False), modules={"ena": "1.5.0g"}), []),
        (guest(device(third=None), modules={"ena": "1.5.0g"}), []),
        (guest(device(counted={})), [("counters-missing", "low")]),
        (guest(device(driver="vif", counted={})), [("driver-other", "high")]),
        (guest(device(driver="", counted={}, third=None)), []),
        (guest(device(mtu=1500)), [("mtu-low", "low")]),
        (guest(device(mtu=0)), []),
        (guest(device(queues=(4, 8))), [("queues-unused", "low")]),
        (guest(device(rose={"pps": 5}, counted=NONE | {"pps": 9})), [("throttled", "high")]),
        (guest(device(counted=NONE | {"bw_out": 9})), [("throttled-before", "low")]),
        (GuestNetwork(instance="i-web", unread="nothing was read: DeliveryTimedOut"), []),
    ],
)
def test_what_the_guest_says_is_measured_by_what_the_type_can_do(
    inside: GuestNetwork, expected: list[tuple[str, str]]
) -> None:
    assert ids(inside) == expected


@pytest.mark.parametrize(
    ("release", "kernel", "version", "known"),
    [
        # ENA Linux best practices name the first kernels; the module's own version stayed at 2.1.0K there.
        ("rhel 8.4", "4.18.0-305.12.1.el8_4.x86_64", "2.1.0K", True),
        ("rhel 8.2", "4.18.0-193.el8.x86_64", "2.1.0K", False),
        ("ubuntu 20.04", "5.4.0-1025-aws", "2.1.0K", True),
        ("ubuntu 20.04", "5.4.0-1024-aws", "2.1.0K", False),
        ("ubuntu 22.04", "6.2.0-1017-aws", "", True),
        ("amzn 2", "4.14.186-146.268.amzn2.x86_64", "2.2.10g", True),
        ("debian 12", "6.1.0-28-cloud-amd64", "", None),
        ("fedora 40", "6.11.2-cb1.0.lto.fc40.x86_64", "", None),
    ],
)
def test_a_kernels_own_driver_is_judged_by_the_kernel_or_not_at_all(
    release: str, kernel: str, version: str, *, known: bool | None
) -> None:
    assert has_third_generation(guest(release=release, kernel=kernel, modules={"ena": version})) is known


def test_enas_module_is_looked_for_before_it_is_switched_on() -> None:
    off = instance(OPTIONAL, ena=False)
    without = guest(device(driver="vif", third=None, counted={}), modules={})
    assert ids(without, off, OPTIONAL) == [("ena-module-missing", "high")]
    with_it = guest(device(driver="vif", third=None, counted={}))
    assert ids(with_it, off, OPTIONAL) == []
    assert ids(guest(device(driver="ixgbevf", counted={}), modules={}), instance(VF), VF) == []


def test_where_nobody_can_ask_for_modules_none_is_missing() -> None:
    blind = guest(device(driver="vif", third=None, counted={}), modules={}, missing=("modinfo",))
    assert ids(blind, instance(OPTIONAL, ena=False), OPTIONAL) == []
    one = instance(HPC, interfaces=(nic(), nic("efa-only", device=1)))
    assert ids(guest(modules={}, missing=("modinfo",)), one, HPC) == []


def test_windows_is_not_asked_for_modules() -> None:
    windows = GuestNetwork(instance="i-web", system="windows", devices=(GuestDevice(name="Ethernet 5", mtu=1500),))
    assert ids(windows, instance(ENA, windows=True)) == []


def express() -> FleetInstance:
    return instance(TWO_CARDS, interfaces=(FleetInterface(id="eni-1", ena_express=True, mac=MAC),))


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (guest(device(mtu=8900, srd_mode=1)), []),
        (guest(device(mtu=8900, srd_mode=0)), [("express-idle", "medium")]),
        (guest(device(mtu=8900)), []),
        (guest(device(mtu=9001, srd_mode=1)), [("mtu-express", "low")]),
        (
            guest(device(mtu=8900), modules={"ena": "2.1.0g"}),
            [("ena-driver-old", "medium"), ("express-driver-old", "medium")],
        ),
    ],
)
def test_ena_express_needs_a_driver_an_mtu_and_another_end(
    inside: GuestNetwork, expected: list[tuple[str, str]]
) -> None:
    assert ids(inside, express(), TWO_CARDS) == expected


def test_an_efa_needs_its_module_and_a_library_that_finds_it() -> None:
    one = instance(HPC, interfaces=(nic(), nic("efa-only", device=1)))
    assert ids(guest(), one, HPC) == [("efa-driver-missing", "high")]
    both = {"ena": "2.13.2g", "efa": "2.13.0g"}
    assert ids(guest(modules=both), one, HPC) == [("efa-fabric-missing", "medium")]
    assert ids(guest(modules=both, fabrics=("efa_0-rdm",)), one, HPC) == []


@pytest.mark.parametrize(
    ("rose", "weightings", "fix"),
    [
        ({"bw_out": 9}, ("default", "vpc-1", "ebs-1"), "opsctl tune apply i-web --bandwidth-weighting vpc-1"),
        ({"bw_out": 9}, (), "opsctl tune apply i-web --instance-type TYPE"),
        ({"pps": 9}, ("default", "vpc-1"), "opsctl tune apply i-web --instance-type TYPE"),
        ({"conntrack": 9}, (), "aws ec2 modify-network-interface-attribute --network-interface-id eni-00 "),
        ({"linklocal": 9}, (), "aws ssm send-command --document-name AWS-RunShellScript --instance-ids i-web"),
        ({"linklocal": 9, "pps": 1}, (), "opsctl tune apply i-web --instance-type TYPE"),
    ],
)
def test_throttling_is_mended_by_what_costs_least(
    rose: dict[str, int], weightings: tuple[str, ...], fix: str
) -> None:
    of = ENA.model_copy(update={"weightings": weightings})
    (one,) = found(guest(device(rose=rose, counted=NONE | rose)), of=of)
    assert one.fix.startswith(fix)
    assert one.cost


def test_what_mends_it_is_a_command_with_switches_that_it_has() -> None:
    switches = {flag_of(name, spec) for name, spec in load_playbook("tune-apply").playbook.inputs.items()}
    inside = guest(device(mtu=1500, rose={"bw_in": 1}))
    weighted = ENA.model_copy(update={"weightings": ("default", "vpc-1")})
    fixes = [one.fix for one in found(inside, of=weighted)] + [
        one.fix for one in found(guest(device(mtu=9001, srd_mode=1)), express(), TWO_CARDS)
    ]
    assert {word for fix in fixes for word in fix.split() if word.startswith("--")} == {
        "--mtu",
        "--bandwidth-weighting",
    }
    assert {"--mtu", "--bandwidth-weighting"} <= switches


def test_a_member_of_a_group_is_mended_where_the_group_has_it_from() -> None:
    (one,) = found(guest(device(mtu=1500)), instance(ENA, auto_scaling_group="workers"))
    assert (one.first, one.fix) == (
        "change the launch template of Auto Scaling group workers, or its image",
        "opsctl tune refresh workers",
    )


@pytest.mark.parametrize("rose", [{}, {"bw_out": 9}], ids=["before", "now"])
def test_a_member_that_is_throttled_is_weighted_by_what_its_group_launches(rose: dict[str, int]) -> None:
    of = ENA.model_copy(update={"weightings": ("default", "vpc-1")})
    inside = guest(device(rose=rose, counted=NONE | {"bw_out": 9}))
    (one,) = found(inside, instance(ENA, auto_scaling_group="workers"), of)
    assert (one.first, one.fix) == ("", "opsctl tune group workers --bandwidth-weighting vpc-1")
