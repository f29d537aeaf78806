"""The scripts that set the MTU of a guest's primary interface, for now and for every start, and take it back.

Sources: EC2 user guide, network MTU (9001 inside a VPC, 8500 between VPCs of two Regions and by a transit
gateway, 1500 by an internet gateway and a VPN) and ENA Express (8900 at most); systemd.network(5), drop-ins and
MTUBytes; NetworkManager.conf(5), connection defaults. They are written for any POSIX shell.
"""

from typing import Literal, TypeAlias

JUMBO, EXPRESS, BETWEEN, INTERNET = 9001, 8900, 8500, 1500
"""Most bytes of a packet: inside a VPC, with ENA Express, between VPCs, and to the internet."""
LEAST = 1280
"""IPv6 asks for as much (RFC 8200)."""
UNKNOWN, OTHERWISE = 64, 65

Keeper: TypeAlias = Literal["systemd-networkd", "NetworkManager"]

_KEEPERS: dict[str, Keeper] = {
    "Amazon Linux 2023": "systemd-networkd",
    "Ubuntu 22.04": "systemd-networkd",
    "Ubuntu 24.04": "systemd-networkd",
    "Debian GNU/Linux 12": "systemd-networkd",
    "Red Hat Enterprise Linux 8": "NetworkManager",
    "Red Hat Enterprise Linux 9": "NetworkManager",
    "Rocky Linux 8": "NetworkManager",
    "Rocky Linux 9": "NetworkManager",
}
"""What sets up the network of a distribution, by the beginning of the name that its SSM agent tells."""
_DEVICE = (
    "dev=$(ip -o route show default | head -n 1 | grep -o 'dev [^ ]*' | cut -d ' ' -f 2)",
    'if [ -z "$dev" ]; then',
    "echo 'opsctl: there is no default route, so nobody knows which interface is meant' >&2",
    f"exit {UNKNOWN}",
    "fi",
)


def keeper_of(system: str) -> Keeper | None:
    """Return what sets up the network of a system, by SSM's name and version, or None where that is not known."""
    return next((keeper for start, keeper in _KEEPERS.items() if _begins(system, start)), None)


def _begins(named: str, start: str) -> bool:
    return named == start or named.startswith((f"{start}.", f"{start} "))


def set_script(mtu: int, mark: str) -> tuple[str, ...]:
    """Return a script that sets the MTU now and for every start; it changes nothing where it does not know how.

    What was there before is kept under the mark of the plan, so that the same plan can take it back.
    """
    kept = f"/var/lib/opsctl/mtu-{mark}"
    return (
        "set -eu",
        *_DEVICE,
        "file=",
        *_found_files(mtu),
        'if [ -z "$file" ]; then',
        "echo 'opsctl: neither systemd-networkd nor NetworkManager sets up this network: nothing was changed' >&2",
        f"exit {UNKNOWN}",
        "fi",
        f'mkdir -p {kept} "$(dirname "$file")"',
        f"if [ ! -e {kept}/mtu ]; then",
        f'if [ -e "$file" ]; then cat "$file" >{kept}/before; fi',
        f'echo "$dev" >{kept}/device',
        f'echo "$file" >{kept}/file',
        f'cat "/sys/class/net/$dev/mtu" >{kept}/mtu',
        "fi",
        'printf "$text" >"$file"',
        "$reload",
        f'ip link set dev "$dev" mtu {mtu}',
        f'echo "opsctl: MTU of $dev is {mtu}, kept by $file"',
    )


def _found_files(mtu: int) -> tuple[str, ...]:
    """Find the file of ours that whoever sets up the network reads, what it says, and how it is read again."""
    networkd = f"[Link]\\nMTUBytes={mtu}\\n[DHCPv4]\\nUseMTU=false\\n"
    manager = f"[connection-opsctl-mtu]\\nmatch-device=interface-name:$dev\\nethernet.mtu={mtu}\\n"
    return (
        "if systemctl -q is-active systemd-networkd; then",
        "of=$(networkctl status \"$dev\" | grep -o '[^/ ]*[.]network$' | head -n 1)",
        'if [ -n "$of" ]; then file="/etc/systemd/network/$of.d/90-opsctl-mtu.conf"; fi',
        f'text="{networkd}"',
        'reload="networkctl reload"',
        "elif systemctl -q is-active NetworkManager; then",
        'file="/etc/NetworkManager/conf.d/90-opsctl-mtu.conf"',
        f'text="{manager}"',
        'reload="nmcli general reload conf"',
        "fi",
    )


def undo_script(mark: str) -> tuple[str, ...]:
    """Return the script that takes back what the other did; where that did nothing, this does nothing either."""
    kept = f"/var/lib/opsctl/mtu-{mark}"
    return (
        "set -eu",
        f"if [ ! -e {kept}/mtu ]; then echo 'opsctl: nothing was changed here'; exit 0; fi",
        f"dev=$(cat {kept}/device)",
        f"file=$(cat {kept}/file)",
        f'if [ -e {kept}/before ]; then cat {kept}/before >"$file"; else rm -f "$file"; fi',
        "if systemctl -q is-active systemd-networkd; then networkctl reload; else nmcli general reload conf; fi",
        f'ip link set dev "$dev" mtu "$(cat {kept}/mtu)"',
        f"rm -rf {kept}",
        'echo "opsctl: MTU of $dev is as it was"',
    )


def proof_script(mtu: int) -> tuple[str, ...]:
    """Return the script that ends with 0 where the MTU is set."""
    return (
        "set -eu",
        *_DEVICE,
        f'if [ "$(cat "/sys/class/net/$dev/mtu")" -ne {mtu} ]; then',
        f'echo "opsctl: MTU of $dev is $(cat "/sys/class/net/$dev/mtu"), not {mtu}" >&2',
        f"exit {OTHERWISE}",
        "fi",
    )
