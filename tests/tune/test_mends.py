"""Each finding names one command that AWS's CLI or opsctl understands, and what it costs."""

import json
import shlex
import subprocess

import botocore.session
import pytest
from botocore import xform_name

from opsctl.model.commands import Commands
from opsctl.tune.finding import TuneFinding
from opsctl.tune.findings import WHY, findings_of
from opsctl.tune.fleet import FleetInstance, FleetInterface
from opsctl.tune.guest_answers import GuestDevice, GuestNetwork
from opsctl.tune.guest_findings import IN_GUEST
from opsctl.tune.instance_types import NetworkCard
from tests.tune.fleets import ENA, HPC, OPTIONAL, TWO_CARDS, VF, instance, nic

MAC = "06:54:ba:1a:37:0b"
OVER = {"bw_in": 0, "bw_out": 0, "pps": 0, "conntrack": 0, "linklocal": 0}
SMALL = TWO_CARDS.model_copy(
    update={
        "name": "small.cards",
        "flexible_queues": True,
        "efa": 0,
        "cards": tuple(NetworkCard(index=number, kinds=("interface",), queues=32) for number in (0, 1)),
    }
)
TYPES = {of.name: of for of in (ENA, HPC, OPTIONAL, TWO_CARDS, VF, SMALL)}
EFA = (nic(), nic("efa-only", device=1))
EXPRESS = (FleetInterface(id="eni-1", ena_express=True, mac=MAC, kind="efa"),)
RELEASES = ("amzn 2023", "ubuntu 22.04", "ubuntu 18.04", "debian 12", "sles 15.5", "rhel 8.2", "void 1", "")


def device(**more: object) -> GuestDevice:
    best = {"name": "ens5", "mac": MAC, "mtu": 1500, "driver": "ena", "third": True, "queues": (4, 8)}
    return GuestDevice.model_validate({**best, "counted": OVER} | more)


def guest(one: FleetInstance, release: str, *devices: GuestDevice, **modules: str) -> GuestNetwork:
    return GuestNetwork(
        instance=one.id, system="linux", release=release, kernel="4.1", modules=modules, devices=devices
    )


def everything(release: str) -> tuple[TuneFinding, ...]:
    """Findings of every id."""
    off, vf = instance(OPTIONAL, "off", ena=False), instance(VF, "vf", vf=False)
    windows = instance(HPC, "windows", windows=True, interfaces=EFA)
    here = instance(HPC, "here", interfaces=EFA, cluster="c")
    there = instance(HPC, "there", interfaces=EFA, zone="us-east-1b", placement_group="pg", strategy="cluster")
    split = [here.model_copy(update={"placement_group": "pg", "cluster": ""}), there]
    small = instance(
        SMALL, "small", interfaces=(FleetInterface(id="eni-2", queues=8),), weighting="ebs-1", strategy="cluster"
    )
    one_sided = [instance(TWO_CARDS, "on", interfaces=EXPRESS, placement_group="x"), instance(ENA, "plain")]
    one_sided[1] = one_sided[1].model_copy(update={"placement_group": "x"})
    plain, dns = instance(ENA, "web"), instance(ENA, "dns")
    bare, fabric = instance(HPC, "bare", interfaces=EFA), instance(HPC, "fabric", interfaces=EFA)
    old = instance(TWO_CARDS, "old", interfaces=EXPRESS)
    fleet = [off, vf, windows, *split, small, *one_sided, plain, dns, bare, fabric, old, instance(HPC, "none")]
    fleet += [instance(ENA, "vif")]
    guests = [
        guest(off, release, device(driver="vif", counted={})),
        guest(plain, release, device(rose={"conntrack": 3}, counted=OVER | {"conntrack": 9}), ena="2.2.0"),
        guest(dns, release, device(counted=OVER | {"linklocal": 9}), ena="2.13.0"),
        guest(bare, release, device(counted={}), ena="2.13.0"),
        guest(fabric, release, device(), ena="2.13.0", efa="2.13.0"),
        guest(old, release, device(mtu=9001, srd_mode=0), ena="2.1.0g"),
        guest(fleet[-1], release, device(driver="vif")),
    ]
    return findings_of(fleet, TYPES, Commands(), {one.instance: one for one in guests})


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[TuneFinding, ...]]:
    return {release: everything(release) for release in RELEASES}


def test_every_id_is_found_with_a_command_and_what_it_costs(found: dict[str, tuple[TuneFinding, ...]]) -> None:
    for findings in found.values():
        assert {one.id for one in findings} == {*WHY, *IN_GUEST}
        for one in findings:
            assert one.fix.startswith(("opsctl tune ", "aws ")), one.says
            assert one.cost
            assert one.fix in one.says
            assert one.cost in one.says


def test_commands_of_aws_have_switches_that_its_operations_have(
    found: dict[str, tuple[TuneFinding, ...]],
) -> None:
    session = botocore.session.get_session()
    fixes = {one.fix for findings in found.values() for one in findings if one.fix.startswith("aws ")}
    assert len(fixes) > 10
    for fix in fixes:
        _, service, operation, *words = shlex.split(fix)
        model = session.get_service_model(service)
        name = next(each for each in model.operation_names if xform_name(each, "-") == operation)
        members = {xform_name(each, "-") for each in model.operation_model(name).input_shape.members}
        # The CLI has --network-interfaces and the like under other names than the API.
        renamed = {"network-interfaces", "instance-ids"}
        assert {word[2:] for word in words if word.startswith("--")} <= members | renamed, fix


def test_what_runs_in_a_guest_is_a_script_that_a_shell_can_read(
    found: dict[str, tuple[TuneFinding, ...]],
) -> None:
    scripts = set()
    for one in (one for findings in found.values() for one in findings if " ssm send-command " in one.fix):
        words = shlex.split(one.fix)
        scripts |= set(json.loads(words[words.index("--parameters") + 1])["commands"])
    assert len(scripts) > 10
    read = subprocess.run(
        ["sh", "-n"], input="\n".join(sorted(scripts)), text=True, capture_output=True, check=False
    )
    assert (read.returncode, read.stderr) == (0, "")


def test_where_no_interface_is_known_to_track_a_larger_type_mends_it() -> None:
    one = instance(ENA, interfaces=())
    inside = guest(
        one, "amzn 2023", device(mtu=9001, queues=(8, 8), counted=OVER | {"conntrack": 9}), ena="2.13.0"
    )
    (told,) = findings_of([one], TYPES, Commands(), {one.id: inside})
    assert told.fix == f"opsctl tune apply {one.id} --instance-type TYPE"
