"""Runs scripts with the nft and iptables of this machine, in a network of their own, where it has them."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

_TOOLS = ("sh", "expr", "date", "grep", "cut", "wc", "sed")
_FIREWALLS = {"nft": ("nft",), "iptables": ("iptables-legacy", "ip6tables-legacy")}


@lru_cache(maxsize=1)
def missing() -> str:
    """Say why it cannot be done here, empty when it can."""
    needed = ("unshare", *(one for programs in _FIREWALLS.values() for one in programs))
    absent = [one for one in needed if shutil.which(one) is None]
    if absent:
        return f"{', '.join(absent)} is not installed"
    tried = subprocess.run(["unshare", "-n", "nft", "list", "tables"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this machine lets nobody have a network of their own"


def real_runs(scripts: Sequence[Sequence[str]], program: str, path: Path) -> list[tuple[int, str]]:
    """Run scripts one after the other in one new network with one firewall; exit code and output of each."""
    programs = path / "programs"
    programs.mkdir()
    for name in (*_TOOLS, *_FIREWALLS[program]):
        (programs / name.removesuffix("-legacy")).symlink_to(str(shutil.which(name)))
    said = path / "said"
    said.mkdir()
    for number, script in enumerate(scripts):
        own = [line.replace("PATH=$PATH:/usr/sbin:/sbin", "PATH=$PATH") for line in script]
        (path / f"{number}.sh").write_text("\n".join(own))
    each = " ".join(str(number) for number in range(len(scripts)))
    run = f"for n in {each}; do sh {path}/$n.sh >{said}/$n 2>&1; echo $? >{said}/$n.code; done"
    subprocess.run(
        ["unshare", "-n", "sh", "-c", run],
        check=True,
        env=os.environ | {"PATH": str(programs)},
        executable=shutil.which("unshare"),
    )
    return [(int((said / f"{n}.code").read_text()), (said / str(n)).read_text()) for n in range(len(scripts))]
