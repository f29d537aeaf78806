"""What guests say of their network, as real ones have (amzn/amzn-drivers 55, 184 and 325; EC2 user guide)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsctl.model.value import Json
from opsctl.tune.guest_answers import GuestNetwork, parse_guest
from opsctl.tune.guest_script import LINUX

AL2023 = """os amzn 2023
kernel 6.1.129-138.220.amzn2023.x86_64
module ena 2.13.2g
module efa 2.13.0g
device ens5 06:54:ba:1a:37:0b 9001
driver: ena
version: 2.13.2g
region 0x00000000fea04000 0x00000000fea04fff 0x0000000000040200
Combined:\t32
Combined:\t8
     bw_in_allowance_exceeded: 9
     bw_out_allowance_exceeded: 0
     pps_allowance_exceeded: 0
     conntrack_allowance_exceeded: 0
     linklocal_allowance_exceeded: 0
     ena_srd_mode: 1
    domain: efa_0-rdm
again
device ens5
     bw_in_allowance_exceeded: 12
     bw_out_allowance_exceeded: 0
     pps_allowance_exceeded: 0
     conntrack_allowance_exceeded: 0
     linklocal_allowance_exceeded: 0
"""
RHEL = """os rhel 8.4
kernel 4.18.0-305.12.1.el8_4.x86_64
module ena 2.1.0K
device eth0 06:54:ba:1a:37:0b 9001
driver: ena
version: 4.18.0-305.12.1.el8_4.x86_64
region 0x0000000000000000 0x0000000000000000 0x0000000000000000
Combined:\t2
Combined:\t2
again
device eth0
"""
BARE = """os debian 12
kernel 6.1.0-28-cloud-amd64
module ena{end}
missing ethtool
device ens5 06:54:ba:1a:37:0b 9001
region 0x00000000fea04000 0x00000000fea04fff 0x0000000000040200
again
device ens5
""".format(end=" ")
XEN = """os ubuntu 14.04
kernel 3.13.0-74-generic
device eth0 06:54:ba:1a:37:0b 1500
driver: vif
version:{end}
region{end}
again
device eth0
""".format(end=" ")
ADAPTER = (
    '{"Name":"Ethernet 5","InterfaceDescription":"Amazon Elastic Network Adapter","DriverVersion":"2.6.0.0",'
    '"MtuSize":9001,"MacAddress":"06-54-BA-1A-37-0B"}\r\n'
)


def guest(said: str, *, windows: bool = False, **changes: Json) -> GuestNetwork:
    ran = {"instance": "i-1", "status": "Success", "exit": 0, "output": said, "truncated": False} | changes
    return parse_guest(ran, 7.0, windows=windows)


def test_everything_that_a_current_system_says_is_understood() -> None:
    found = guest(AL2023)
    assert (found.release, found.kernel) == ("amzn 2023", "6.1.129-138.220.amzn2023.x86_64")
    assert (found.modules, found.fabrics) == ({"ena": "2.13.2g", "efa": "2.13.0g"}, ("efa_0-rdm",))
    (device,) = found.devices
    assert (device.driver, device.mtu, device.third, device.queues) == ("ena", 9001, True, (8, 32))
    assert device.counted == {"bw_in": 9, "bw_out": 0, "pps": 0, "conntrack": 0, "linklocal": 0}
    assert (device.rose, device.srd_mode, found.at, found.unread) == ({"bw_in": 3}, 1, 7.0, "")


def test_a_kernels_own_driver_tells_the_kernels_release_and_no_counters() -> None:
    (device,) = guest(RHEL).devices
    assert (device.version, device.counted, device.srd_mode) == ("4.18.0-305.12.1.el8_4.x86_64", {}, None)
    assert device.third is False


def test_without_ethtool_drivers_are_unknown_and_that_is_said() -> None:
    found = guest(BARE)
    (device,) = found.devices
    assert (device.driver, device.queues, device.counted, device.third) == ("", (0, 0), {}, True)
    assert (found.modules, found.unread) == (
        {"ena": ""},
        "ethtool is not installed, so drivers, queues and counters are unknown",
    )


def test_an_emulated_device_has_no_region_to_tell_its_generation_by() -> None:
    (device,) = guest(XEN).devices
    assert (device.driver, device.mtu, device.third) == ("vif", 1500, None)


@pytest.mark.parametrize("said", [ADAPTER, f"[{ADAPTER.strip()}]"])
def test_windows_answers_with_one_adapter_or_a_list(said: str) -> None:
    found = guest(said, windows=True)
    (device,) = found.devices
    assert (found.system, device.version, device.mac) == ("windows", "2.6.0.0", "06:54:ba:1a:37:0b")
    assert device.third is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exit": None, "status": "DeliveryTimedOut"}, "nothing was read: DeliveryTimedOut"),
        ({"exit": 2, "status": "Failed"}, "nothing was read: the script ended with exit code 2"),
        ({"truncated": True}, "what it said was too long, and was cut off"),
    ],
)
def test_what_was_not_answered_whole_is_unknown(changes: dict[str, Json], said: str) -> None:
    found = guest(AL2023, **changes)
    assert (found.devices, found.unread) == ((), said)


def test_an_adapter_list_that_is_none_is_unknown() -> None:
    assert guest("oops", windows=True).unread == "what it said could not be parsed"


@pytest.mark.skipif(sys.platform != "linux", reason="it is for Linux")
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_script_is_one_that_shells_run_and_its_answer_is_understood(shell: str) -> None:
    """It only reads, so it is run on the machine that tests it, but for the time between the readings."""
    script = "\n".join(line for line in LINUX if not line.startswith("sleep "))
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=False)
    found = guest(done.stdout, exit=done.returncode)
    assert (found.kernel, done.returncode) == (os.uname().release, 0)
    assert {one.name for one in found.devices} <= {one.name for one in Path("/sys/class/net").iterdir()}
