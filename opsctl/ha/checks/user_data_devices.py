"""Says which of a group's data volumes a device name in user data can mean. Pure.

EC2 user guide, "Device names for volumes": the name given to the API may be another in the guest: xvdf for sdf,
four letters further on with some older kernels, and on Nitro an NVMe number in no certain order.
"""

import re
from collections.abc import Sequence

from opsctl.ha.inventory import DataVolume

_LETTERS = re.compile(r"/dev/(?:sd|xvd|hd)([a-z]{1,2})\d*")
_NVME = re.compile(r"/dev/nvme\d+n\d+(?:p\d+)?")
_BY_VOLUME = re.compile(r"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol-?([0-9a-f]+).*")
_ELSEWHERE = re.compile(
    r"/dev/disk/by-id/nvme-Amazon_EC2_NVMe_Instance_Storage.*|/dev/(?:loop|zram|ram|shm|null|zero|std|fd|tty|random).*"
    r"|(?:/dev/)?ephemeral\d+.*"
)
UNTOLD = "$?"
"""What stands in a text for a value that only the instance will know."""
_SHIFT = 4


def may_mean(name: str, volumes: Sequence[DataVolume]) -> tuple[str, ...] | None:
    """Return the devices of these volumes that a name can mean; none of them, or None where it cannot be told."""
    every = tuple(one.device for one in volumes)
    if UNTOLD in name:
        return None
    if _ELSEWHERE.fullmatch(name):
        return ()
    if _NVME.fullmatch(name):
        return every
    of_volume = _BY_VOLUME.fullmatch(name)
    if of_volume:
        return tuple(one.device for one in volumes if one.id.replace("-", "") == f"vol{of_volume[1]}")
    lettered = _LETTERS.fullmatch(name)
    if lettered:
        return tuple(one for one in every if lettered[1] in _letters_in_guest(one))
    return None if name.startswith("/dev/") or not name.startswith("/") else ()


def _letters_in_guest(device: str) -> set[str]:
    lettered = _LETTERS.fullmatch(device)
    if not lettered:
        return set()
    letters = lettered[1]
    later = chr(ord(letters[-1]) + _SHIFT)
    return {letters} | ({letters[:-1] + later} if len(letters) == 1 and later <= "z" else set())
