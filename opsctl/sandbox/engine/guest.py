"""The guest of an instance: its system, its drivers and files, and what it remembers until it is started again.

What EC2 says of the instance is so in the guest: an interface is there when it is attached, and its driver is that
of the adapter. Sources: recorded answers of `ethtool`, `modinfo` and `fi_info` in the issues and documents of
amzn/amzn-drivers and the EC2 user guide; ENA Linux Best Practices for which kernels have which driver.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.guest_caches import CACHE_PROGRAMS
from opsctl.sandbox.engine.guest_iptables import firewall_of
from opsctl.sandbox.engine.guest_network import NETWORK, GuestLink, device_files, links_of
from opsctl.sandbox.engine.guest_setup import SETUP, setup_files
from opsctl.sandbox.engine.guest_shell import Program
from opsctl.sandbox.engine.guest_tools import TOOLS


@dataclass(frozen=True)
class System:
    """What an image brings: its release, its kernel, and the version that ENA's module tells, if it tells one."""

    id: str
    version: str
    name: str
    kernel: str
    ena: str


_SYSTEMS = (
    (
        r"ubuntu-xenial-16\.04",
        System("ubuntu", "16.04", "Ubuntu 16.04.3 LTS", "4.4.0-1049-aws", "1.3.0K"),
    ),
    (
        r"al2023-ami",
        System("amzn", "2023", "Amazon Linux 2023", "6.1.129-138.220.amzn2023.x86_64", "2.13.2g"),
    ),
    (
        r"amzn2-ami",
        System("amzn", "2", "Amazon Linux 2", "5.10.234-225.910.amzn2.x86_64", "2.13.2g"),
    ),
)
_OTHER = System("linux", "", "Linux", "6.8.0", "")
"""An image that is not known has the kernel's own driver, which has told no version since 5.7."""


@dataclass
class Guest:
    """A guest; `files` are on its root volume, `memory` is lost at a start."""

    instance: Any
    ec2: Any
    system: System
    files: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    """Versions of modules that were installed, by their names: they take the place of the image's."""
    programs: dict[str, Program] = field(default_factory=dict)
    """What was installed."""
    memory: dict[str, Any] = field(default_factory=dict)
    started: object = None

    def program(self, name: str) -> Program | None:
        """A program by its name, or by a path that ends with it."""
        last = name.rsplit("/", 1)[-1]
        found = self.programs.get(name) or NETWORK.get(last) or SETUP.get(last) or TOOLS.get(last)
        return found or CACHE_PROGRAMS.get(last) or firewall_of(self, last)

    def read(self, path: str) -> str | None:
        """A file's text."""
        clean = path.rstrip("/")
        if clean == "/etc/os-release":
            about = self.system
            return f'NAME="{about.name}"\nID="{about.id}"\nVERSION_ID="{about.version}"\n'
        if clean == "/dev/null":
            return ""
        return self.files.get(clean, self._device_files().get(clean))

    def write(self, path: str, text: str) -> None:
        """Replace a file."""
        self.files[path] = text

    def _device_files(self) -> dict[str, str]:
        return device_files(self) | setup_files(self)

    def listed(self, path: str) -> list[str]:
        """The names in a directory."""
        prefix = path.rstrip("/") + "/"
        every = (*self.files, *self._device_files())
        return sorted({one[len(prefix) :].split("/")[0] for one in every if one.startswith(prefix)})

    @property
    def links(self) -> list[GuestLink]:
        """Its network devices, without the loopback."""
        return links_of(self)

    def module(self, name: str) -> str | None:
        """The version of a module, empty where it tells none, or nothing where there is no such module."""
        if name in self.modules:
            return self.modules[name]
        known = {"ena": self.system.ena, "ixgbevf": "4.1.0-k", "xen_netfront": ""}
        return known.get(name)

    def now(self) -> float:
        """Seconds since the epoch."""
        return conditions(self.ec2.account_id).now()


def guest_of(ec2: Any, instance: Any) -> Guest:
    """The guest of an instance, as it was left; what was only in its memory is gone after a start."""
    found: Guest | None = instance.__dict__.get("opsctl_guest")
    if found is None:
        found = instance.__dict__["opsctl_guest"] = Guest(instance, ec2, _system_of(ec2, instance.image_id))
    if found.started != instance.launch_time:
        found.started, found.memory = instance.launch_time, {}
    return found


def _system_of(ec2: Any, image_id: str) -> System:
    image = ec2.amis.get(image_id)
    name = getattr(image, "name", "") or ""
    return next((system for pattern, system in _SYSTEMS if re.search(pattern, name)), _OTHER)
