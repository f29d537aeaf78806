"""The scripts that install the driver of an EFA in a guest, and that prove in the guest that it works.

Sources: EC2 user guide, "Get started with EFA" (installer, its key and fingerprint, --skip-kmod on SUSE, fi_info);
libfabric's EFA provider (memlock unlimited); DETAILS in GnuPG's documentation (VALIDSIG ends with the fingerprint
of the primary key). They are written for any POSIX shell.
"""

import re

SITE = "https://efa-installer.amazonaws.com"
FINGERPRINT = "4E9091BCBB97A96B26B15E59A05480B1DD2D3CCC"
"""Of the key aws-efa-installer.key, as the EC2 user guide prints it."""
NOT_SIGNED, NOT_INSTALLED, NO_EFA, LOCKED = 65, 66, 67, 68
VERSION = re.compile(r"latest|\d+(\.\d+){1,3}")
"""What the installer's file is called by."""

_PATH = 'export PATH="$PATH:/opt/amazon/efa/bin"'
_THERE = "modinfo efa >/dev/null 2>&1 && command -v fi_info >/dev/null 2>&1"
_UNLIMITED = 'grep -rqs "memlock.*unlimited" /etc/security/limits.conf /etc/security/limits.d'
_LIMITS = "* soft memlock unlimited\\n* hard memlock unlimited\\n"


def install_script(version: str = "latest", fingerprint: str = FINGERPRINT) -> tuple[str, ...]:
    """Return a script that installs the driver where it is not there, from a file with AWS's signature alone.

    The memory that a process may lock is unlimited afterwards. The driver stays when the run is undone: without an
    EFA nothing uses it.
    """
    file = f"aws-efa-installer-{version}.tar.gz"
    verify = f"gpg --no-autostart --batch --status-fd 1 --verify {file}.sig {file} 2>/dev/null"
    return (
        "set -eu",
        _PATH,
        f"if {_THERE}; then",
        "echo 'opsctl: the EFA driver is there already'",
        "else",
        ". /etc/os-release",
        "kmod=",
        'if [ "$ID" = sles ] || [ "$ID" = opensuse-leap ]; then kmod=--skip-kmod; fi',
        "dir=$(mktemp -d)",
        'cd "$dir"',
        'export GNUPGHOME="$dir/keys"',
        'mkdir -m 700 "$GNUPGHOME"',
        f"for name in {file} {file}.sig aws-efa-installer.key; do",
        f'curl -fsSL --max-time 900 -o "$name" "{SITE}/$name"',
        "done",
        "gpg --no-autostart --batch --quiet --import aws-efa-installer.key",
        f'if ! {verify} | grep -q "VALIDSIG .*{fingerprint}$"; then',
        "echo 'opsctl: the EFA installer is not signed by AWS: nothing was installed' >&2",
        f"exit {NOT_SIGNED}",
        "fi",
        f"tar -xzf {file}",
        "cd aws-efa-installer",
        'if ! ./efa_installer.sh -y $kmod >"$dir/log" 2>&1; then',
        'tail -n 20 "$dir/log" >&2',
        f"exit {NOT_INSTALLED}",
        "fi",
        "cd /",
        'rm -rf "$dir"',
        "fi",
        f"if ! {_UNLIMITED}; then",
        f"printf '{_LIMITS}' >/etc/security/limits.d/90-opsctl-efa.conf",
        "fi",
        'echo "opsctl: EFA module $(modinfo -F version efa)"',
    )


def proof_script() -> tuple[str, ...]:
    """Return a script that ends with 0 where libfabric finds an EFA, and says how many there are."""
    ask = "fi_info -p efa -t FI_EP_RDM"
    return (
        "set -eu",
        _PATH,
        "modinfo efa >/dev/null",
        f'if ! {ask} | grep -q "provider: efa"; then',
        "echo 'opsctl: fi_info finds no EFA' >&2",
        f"exit {NO_EFA}",
        "fi",
        "ls /dev/infiniband | grep -q uverbs",
        f"if ! {_UNLIMITED}; then",
        "echo 'opsctl: the memory that a process may lock is limited: libfabric will not get what it needs' >&2",
        f"exit {LOCKED}",
        "fi",
        'if [ "$(cat /proc/sys/vm/nr_hugepages)" -eq 0 ]; then',
        "echo 'opsctl: no huge pages are reserved: set FI_EFA_USE_HUGE_PAGE=0, or vm.nr_hugepages'",
        "fi",
        f'echo "opsctl: $({ask} | grep "domain:" | sort -u | wc -l) EFA in libfabric"',
    )
