"""Runs the few lines of PowerShell that a Windows guest of the sandbox knows; every other is no cmdlet there.

Sources: what PowerShell 5.1 says of a term that it does not know, and the documentation of Get-NetAdapter.
"""

import json
from typing import Any

from opsctl.sandbox.engine.guest_network import links_of
from opsctl.sandbox.engine.guest_shell import Done

ADAPTERS = (
    "Get-NetAdapter -Physical | Select-Object Name, InterfaceDescription, DriverVersion, MtuSize, MacAddress "
    "| ConvertTo-Json -Compress"
)
_DESCRIPTIONS = {"ena": "Amazon Elastic Network Adapter", "ixgbevf": "Intel(R) 82599 Virtual Function"}
_VERSIONS = {"ena": "2.6.0.0", "ixgbevf": "2.1.186.0"}


def run_powershell(guest: Any, script: str) -> Done:
    """Run a script line by line; a line that fails does not end it, and the last one decides."""
    done = Done()
    for line in filter(None, map(str.strip, script.splitlines())):
        here = _line(guest, line)
        done.out, done.err, done.code = done.out + here.out, done.err + here.err, here.code
    return done


def _line(guest: Any, line: str) -> Done:
    if line.startswith("#"):
        return Done()
    if line == ADAPTERS:
        found = [_adapter(link.name, link.driver, link.mac) for link in links_of(guest)]
        return Done(json.dumps(found[0] if len(found) == 1 else found, separators=(",", ":")) + "\r\n")
    if line.startswith("Write-Output "):
        return Done(line.removeprefix("Write-Output ").strip("'\"") + "\r\n")
    if line.startswith("exit "):
        return Done(code=int(line.removeprefix("exit ")))
    term = line.split()[0]
    said = (
        f"{term} : The term '{term}' is not recognized as the name of a cmdlet, function, script file, or "
        "operable program. Check the spelling of the name, or if a path was included, verify that the path is "
        "correct and try again.\r\n"
    )
    return Done(err=said, code=1)


def _adapter(name: str, driver: str, mac: str) -> dict[str, Any]:
    return {
        "Name": name.replace("ens", "Ethernet "),
        "InterfaceDescription": _DESCRIPTIONS.get(driver, "AWS PV Network Device"),
        "DriverVersion": _VERSIONS.get(driver, "8.5.0.0"),
        "MtuSize": 9001,
        "MacAddress": mac.upper().replace(":", "-"),
    }
