"""The scripts that read the network of an instance from the inside; they change nothing, and neither asks AWS.

Sources: ENA Linux Best Practices (amzn/amzn-drivers): an ENAv3 device has a second PCI region, whose line of
`resource` is not all zeros; EC2 user guide, network performance metrics and EFA. What is said is short, for
Systems Manager lists 2,500 characters of it.
"""

COUNTED_S = 10
"""Seconds between the two readings of the counters, so that one that rises is told from one that rose once."""

LINUX = (
    "# Read driver, MTU, queues and allowance counters; nothing is changed.",
    "export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin:/opt/amazon/efa/bin",
    ". /etc/os-release",
    'echo "os $ID $VERSION_ID"',
    'echo "kernel $(uname -r)"',
    "for m in ena efa ixgbevf; do",
    '  if modinfo $m >/dev/null 2>&1; then echo "module $m $(modinfo -F version $m)"',
    '  elif grep -q "/$m.ko" /lib/modules/$(uname -r)/modules.builtin 2>/dev/null; then echo "module $m"; fi',
    "done",
    "for p in ethtool modinfo; do command -v $p >/dev/null || echo missing $p; done",
    "for n in $(ls /sys/class/net); do",
    "  test -e /sys/class/net/$n/device || continue",
    '  echo "device $n $(cat /sys/class/net/$n/address) $(cat /sys/class/net/$n/mtu)"',
    "  ethtool -i $n 2>/dev/null | grep -E '^(driver|version):'",
    '  echo "region $(head -n 2 /sys/class/net/$n/device/resource 2>/dev/null | tail -n 1)"',
    "  ethtool -l $n 2>/dev/null | grep Combined:",
    "  ethtool -S $n 2>/dev/null | grep -E 'allowance_exceeded|ena_srd_mode'",
    "done",
    "fi_info -p efa -t FI_EP_RDM 2>/dev/null | grep domain: | sort -u",
    f"sleep {COUNTED_S}",
    "echo again",
    "for n in $(ls /sys/class/net); do",
    "  test -e /sys/class/net/$n/device || continue",
    '  echo "device $n"',
    "  ethtool -S $n 2>/dev/null | grep allowance_exceeded",
    "done",
    "true",
)

_ADAPTERS = (
    "Get-NetAdapter -Physical | Select-Object Name, InterfaceDescription, DriverVersion, MtuSize, MacAddress "
    "| ConvertTo-Json -Compress"
)
WINDOWS = ("# Read driver and MTU; nothing is changed.", _ADAPTERS)
"""Windows has no allowance counters outside its performance monitor, and EFA is a plain ENA there."""

READS = (
    ("cat /etc/os-release, uname -r", "system and kernel"),
    ("modinfo", "modules ena, efa and ixgbevf, with their versions"),
    ("ethtool -i, -l", "each device's driver, and its queues"),
    ("/sys/class/net", "MTU, MAC address, and whether a device is ENAv3"),
    (f"ethtool -S, twice in {COUNTED_S} s", "what was over the allowance, and whether it rises"),
    ("fi_info -p efa", "whether libfabric finds the EFAs"),
    ("Get-NetAdapter", "Windows: driver and MTU"),
)
"""What the scripts call, and what for."""
