"""The scripts for guests, run by this machine's own shell and gpg in a directory that stands for the guest."""

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from opsctl.tune import efa_driver, mtu

_PLACES = ("/etc/", "/var/lib/", "/sys/class/net", "/proc/sys/", "/dev/infiniband", "/opt/amazon")
FI_INFO = """provider: efa
    domain: rdmap0s6-rdm
    type: FI_EP_RDM
"""


class Guest:
    """A directory with a guest's files, and the programs that a test gives it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        # The path of a socket has to be short.
        self.maker = Path(tempfile.gettempdir()) / f"gpg-{secrets.token_hex(4)}"
        self.programs = root / "bin"
        self.programs.mkdir()
        self.put("etc/security/limits.conf", "")
        self.put("proc/sys/vm/nr_hugepages", "5128")

    def put(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def program(self, name: str, script: str) -> None:
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{self._here(script)}\n")
        file.chmod(0o755)

    def run(self, lines: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        script = self._here("\n".join(lines))
        path = f"{self.programs}:/usr/bin:/bin:/usr/sbin:/sbin"
        told = {"PATH": path, "HOME": str(self.root), "LC_ALL": "C", "TMPDIR": str(self.root)}
        return subprocess.run(["/bin/sh"], input=script, text=True, capture_output=True, env=told, check=False)

    def _here(self, script: str) -> str:
        for place in _PLACES:
            script = script.replace(place, f"{self.root}{place}")
        return script

    def text(self, path: str) -> str:
        return (self.root / path).read_text()

    def has(self, path: str) -> bool:
        return (self.root / path).exists()


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    made = Guest(tmp_path)
    made.put("etc/os-release", 'ID="amzn"\nVERSION_ID="2023"\n')
    made.put("etc/security/limits.d/.keep", "")
    yield made
    if made.maker.exists():
        subprocess.run(["gpgconf", "--homedir", str(made.maker), "--kill", "all"], check=True)
        shutil.rmtree(made.maker, ignore_errors=True)


needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="the signature is checked by gpg itself")


class Site:
    """What the installer's site has: a tarball, its key and a signature by somebody."""

    def __init__(self, guest: Guest, signer: str, ends: str = "") -> None:
        self.guest, self.files = guest, guest.root / "site"
        self.files.mkdir()
        self._tarball(ends)
        keys = [self._key(name) for name in ("aws", "mallory")]
        self.fingerprint = keys[0]
        self._gpg("--yes", "--armor", "--output", str(self.files / "aws-efa-installer.key"), "--export", *keys)
        name = self.files / "aws-efa-installer-latest.tar.gz"
        self._gpg("--local-user", signer, "--output", f"{name}.sig", "--detach-sign", str(name))
        guest.program("curl", f'while [ "$1" != -o ]; do shift; done; cp {self.files}/"$2" "$2"')
        guest.program("modinfo", "[ -e /opt/amazon/efa/bin/fi_info ] && echo 2.17.3g")

    def _tarball(self, ends: str) -> None:
        there = self.files / "aws-efa-installer"
        there.mkdir()
        fi_info = f"#!/bin/sh\ncat <<'X'\n{FI_INFO}X\n"
        target = f"{self.guest.root}/opt/amazon/efa/bin"
        installer = there / "efa_installer.sh"
        installer.write_text(
            f'#!/bin/sh\necho "$@" >{self.guest.root}/asked\nmkdir -p {target}\n'
            f"cat >{target}/fi_info <<'Y'\n{fi_info}Y\nchmod +x {target}/fi_info\n{ends}\n"
        )
        installer.chmod(0o755)
        tarball = self.files / "aws-efa-installer-latest.tar.gz"
        subprocess.run(["/bin/tar", "-czf", str(tarball), "-C", str(self.files), "aws-efa-installer"], check=True)

    def _key(self, name: str) -> str:
        self._gpg("--passphrase", "", "--quick-generate-key", name, "ed25519", "sign")
        told = self._gpg("--with-colons", "--fingerprint", name)
        return next(line.split(":")[9] for line in told.splitlines() if line.startswith("fpr"))

    def _gpg(self, *arguments: str) -> str:
        home = self.guest.maker
        home.mkdir(mode=0o700, exist_ok=True)
        words = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", *arguments]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@needs_gpg
def test_a_driver_that_aws_signed_is_installed_once_and_proved(guest: Guest) -> None:
    site = Site(guest, signer="aws")
    lines = efa_driver.install_script(fingerprint=site.fingerprint)
    done = guest.run(lines)
    assert (done.returncode, done.stdout) == (0, "opsctl: EFA module 2.17.3g\n"), done.stderr
    assert guest.text("asked") == "-y\n"
    assert guest.text("etc/security/limits.d/90-opsctl-efa.conf").splitlines() == [
        "* soft memlock unlimited",
        "* hard memlock unlimited",
    ]
    shutil.rmtree(site.files)
    again = guest.run(lines)
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "opsctl: the EFA driver is there already")


@needs_gpg
def test_one_that_somebody_else_signed_is_not_run_though_its_key_was_there(guest: Guest) -> None:
    site = Site(guest, signer="mallory")
    done = guest.run(efa_driver.install_script(fingerprint=site.fingerprint))
    assert done.returncode == efa_driver.NOT_SIGNED
    assert "is not signed by AWS" in done.stderr
    assert not guest.has("asked")


@needs_gpg
def test_one_that_was_altered_on_its_way_is_not_run(guest: Guest) -> None:
    site = Site(guest, signer="aws")
    with (site.files / "aws-efa-installer-latest.tar.gz").open("ab") as tarball:
        tarball.write(b"more")
    done = guest.run(efa_driver.install_script(fingerprint=site.fingerprint))
    assert (done.returncode, guest.has("asked")) == (efa_driver.NOT_SIGNED, False)


@needs_gpg
def test_suse_keeps_its_own_module(guest: Guest) -> None:
    site = Site(guest, signer="aws")
    guest.put("etc/os-release", 'ID="sles"\n')
    lines = efa_driver.install_script(fingerprint=site.fingerprint)
    assert guest.run(lines).returncode == 0
    assert guest.text("asked") == "-y --skip-kmod\n"


@needs_gpg
def test_an_installation_that_fails_says_what_the_installer_said_last(guest: Guest) -> None:
    site = Site(guest, signer="aws", ends="echo 'no kernel headers'; exit 3")
    done = guest.run(efa_driver.install_script(fingerprint=site.fingerprint))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (efa_driver.NOT_INSTALLED, "no kernel headers")


PROVED = {"fi_info": f"cat <<'X'\n{FI_INFO}X", "modinfo": "echo 2.17.3g"}


@pytest.mark.parametrize(
    ("left_out", "code"),
    [("", 0), ("fi_info", efa_driver.NO_EFA), ("memlock", efa_driver.LOCKED), ("modinfo", 1), ("uverbs", 1)],
)
def test_the_proof_ends_with_0_only_where_libfabric_works(guest: Guest, left_out: str, code: int) -> None:
    programs: Mapping[str, str] = PROVED | ({left_out: "exit 1"} if left_out in PROVED else {})
    for name, script in programs.items():
        guest.program(name, script)
    if left_out != "memlock":
        guest.put("etc/security/limits.d/efa.conf", "* - memlock unlimited\n")
    guest.put(f"dev/infiniband/{'umad0' if left_out == 'uverbs' else 'uverbs0'}", "")
    done = guest.run(efa_driver.proof_script())
    assert done.returncode == code, done.stderr
    assert ("1 EFA in libfabric" in done.stdout) == (code == 0)


def test_the_proof_says_that_there_are_no_huge_pages(guest: Guest) -> None:
    for name, script in PROVED.items():
        guest.program(name, script)
    guest.put("etc/security/limits.d/efa.conf", "* - memlock unlimited\n")
    guest.put("dev/infiniband/uverbs0", "")
    guest.put("proc/sys/vm/nr_hugepages", "0")
    assert "FI_EFA_USE_HUGE_PAGE=0" in guest.run(efa_driver.proof_script()).stdout


IP = """if [ "$2" = route ]; then echo 'default via 10.0.0.1 dev ens5 proto dhcp src 10.0.0.9 metric 512'
else echo "$6" >/sys/class/net/ens5/mtu; fi"""
ACTIVE = '[ "$3" = {} ]'
NETWORKCTL = """[ "$1" = status ] && echo '      Network File: /run/systemd/network/70-ens5.network'
echo "$@" >>/etc/networkctl-asked"""


def with_network(guest: Guest, keeper: str) -> None:
    guest.put("sys/class/net/ens5/mtu", "9001\n")
    guest.program("ip", IP)
    guest.program("systemctl", ACTIVE.format(keeper))
    guest.program("networkctl", NETWORKCTL)
    guest.program("nmcli", "true")


@pytest.mark.parametrize(
    ("keeper", "file", "line"),
    [
        ("systemd-networkd", "etc/systemd/network/70-ens5.network.d/90-opsctl-mtu.conf", "MTUBytes=8900"),
        ("NetworkManager", "etc/NetworkManager/conf.d/90-opsctl-mtu.conf", "ethernet.mtu=8900"),
    ],
)
def test_an_mtu_is_set_now_and_for_every_start_and_taken_back(
    guest: Guest, keeper: str, file: str, line: str
) -> None:
    with_network(guest, keeper)
    done = guest.run(mtu.set_script(8900, "p1"))
    assert done.returncode == 0, done.stderr
    assert guest.text("sys/class/net/ens5/mtu") == "8900\n"
    assert line in guest.text(file).splitlines()
    assert guest.run(mtu.proof_script(8900)).returncode == 0
    assert guest.run(mtu.proof_script(1500)).returncode == mtu.OTHERWISE
    assert guest.run(mtu.undo_script("p1")).returncode == 0
    assert (guest.text("sys/class/net/ens5/mtu"), guest.has(file)) == ("9001\n", False)
    assert guest.run(mtu.undo_script("p1")).stdout == "opsctl: nothing was changed here\n"


def test_run_twice_it_still_knows_what_was_before_and_each_plan_goes_back_to_its_own(guest: Guest) -> None:
    with_network(guest, "systemd-networkd")
    for _ in range(2):
        guest.run(mtu.set_script(8900, "p1"))
    guest.run(mtu.set_script(1500, "p2"))
    guest.run(mtu.undo_script("p2"))
    kept = "etc/systemd/network/70-ens5.network.d/90-opsctl-mtu.conf"
    assert (guest.text("sys/class/net/ens5/mtu"), "MTUBytes=8900" in guest.text(kept)) == ("8900\n", True)
    guest.run(mtu.undo_script("p1"))
    assert (guest.text("sys/class/net/ens5/mtu"), guest.has(kept)) == ("9001\n", False)


def test_a_network_that_nothing_known_sets_up_is_left_alone(guest: Guest) -> None:
    with_network(guest, "wicked")
    done = guest.run(mtu.set_script(8900, "p1"))
    assert (done.returncode, guest.text("sys/class/net/ens5/mtu")) == (mtu.UNKNOWN, "9001\n")
    assert "nothing was changed" in done.stderr
    assert not guest.has("var/lib/opsctl")


@pytest.mark.parametrize(
    ("system", "keeper"),
    [
        ("Amazon Linux 2023", "systemd-networkd"),
        ("Amazon Linux 2", None),
        ("Ubuntu 24.04", "systemd-networkd"),
        ("Ubuntu 16.04", None),
        ("Red Hat Enterprise Linux 9.4", "NetworkManager"),
        ("Red Hat Enterprise Linux Server 7.9", None),
        ("SLES 15.6", None),
        ("", None),
    ],
)
def test_what_sets_up_a_network_is_known_of_some_distributions(system: str, keeper: str | None) -> None:
    assert mtu.keeper_of(system) == keeper
