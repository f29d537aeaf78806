"""What commands use of the sandbox: a background process, started once, found by its state file, stopped cleanly.

Light: what answers is loaded in the process that it runs in, and nowhere else.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import Field

from opsctl.model.commands import local_command
from opsctl.model.errors import InvalidInput, OpsctlError
from opsctl.model.private import private_directory
from opsctl.model.run import Progress
from opsctl.model.value import Value
from opsctl.sandbox.endpoint import ACCOUNT, ATTACK, FAULTS, HOST, REGION, RESET, STATUS, control_headers

if TYPE_CHECKING:
    from opsctl.sandbox.attack import Attack, Attacked
    from opsctl.sandbox.faults import FaultsAsked, FaultsFound
    from opsctl.sandbox.worlds.names import Named
    from opsctl.sandbox.worlds.roles import SampleRole

START_WITHIN_S = 300
IDLE_S = 2 * 3600


class SandboxEndpoint(Value):
    """Where the sandbox answers, and the environment that sends every AWS tool there and nowhere else."""

    endpoint_url: str
    pid: int = Field(gt=0, lt=2**31)
    key: str = Field(repr=False)
    """The access key id without which nothing is answered: a secret of the user who started it."""
    region: str = REGION
    account: str = ACCOUNT

    @property
    def env(self) -> dict[str, str]:
        """Credentials, endpoint and files forced: no profile, role or service endpoint can lead elsewhere."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_SESSION_TOKEN": "sandbox",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            **_past_proxies(),
        }


def _past_proxies() -> dict[str, str]:
    """What keeps calls to loopback from a proxy, which would be told the key; other exceptions stay.

    Python and the SDKs look at the lower-case name first where both are set, other tools at one of them only.
    """
    so_far = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    names = [name.strip() for name in so_far.split(",") if name.strip()]
    if names == ["*"]:
        return {"NO_PROXY": so_far, "no_proxy": so_far}
    all_of_them = ",".join([*names, *(name for name in (HOST, "localhost") if name not in names)])
    return {"NO_PROXY": all_of_them, "no_proxy": all_of_them}


def force_environment(endpoint: SandboxEndpoint) -> None:
    """Point this process at the sandbox; anything that could lead to a real account is taken away."""
    forget_aws()
    os.environ.update(endpoint.env)


def forget_aws() -> None:
    """Take every AWS variable out of this process's environment."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]


@contextmanager
def embedded() -> Iterator[None]:
    """A sandbox in this process, which is pointed at it and at nothing else; it is gone in the end."""
    from opsctl.sandbox.engine.conditions import QUICK
    from opsctl.sandbox.engine.server import EmbeddedServer
    from opsctl.sandbox.worlds.seeding import seed_all

    # moto reads the SDK's configuration when it is loaded.
    forget_aws()
    server = EmbeddedServer()
    server.start()
    try:
        force_environment(SandboxEndpoint(endpoint_url=server.endpoint, pid=os.getpid(), key=server.key))
        seed_all(lru_cache(server.client))
        server.begin(QUICK)
        yield
    finally:
        server.stop()


def targets() -> "tuple[Named, ...]":
    """The sample workloads."""
    return named("world")


def named(kind: str) -> "tuple[Named, ...]":
    """What there is of a kind from the start; `worlds/names.py` has the kinds."""
    from opsctl.sandbox.worlds.names import BY_KIND

    return BY_KIND[kind]


def sample_roles() -> "tuple[SampleRole, ...]":
    """Roles that can be assumed."""
    from opsctl.sandbox.worlds.roles import ROLES

    return ROLES


def running(state: Path) -> SandboxEndpoint | None:
    """Return the sandbox that answers, or None; a stale state file is not believed.

    Raises:
        InvalidInput: the state file names an endpoint that is not on loopback.
    """
    try:
        data = json.loads(_state_file(state).read_text(encoding="utf-8"))
        endpoint = SandboxEndpoint(endpoint_url=data["endpoint_url"], pid=int(data["pid"]), key=str(data["key"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if urlsplit(endpoint.endpoint_url).hostname != HOST:
        raise InvalidInput.one(
            f"{_state_file(state)} names {endpoint.endpoint_url}, which is not on this machine",
            source="sandbox",
            hint="delete that file",
        )
    return endpoint if _is_sandbox(endpoint) else None


def ensure_running(state: Path, progress: Progress, pace: str = "quick") -> SandboxEndpoint:
    """Return the running sandbox, started and seeded first when there is none; only then the pace matters.

    Raises:
        OpsctlError: it does not come up.
    """
    found = running(state)
    if found is not None:
        return found
    progress(f"starting the sandbox (stop it with: {local_command('sandbox', 'stop')})")
    private_directory(state, "OPSCTL_STATE_DIR")
    with _one_at_a_time(state):
        # Another command may have started it while this one waited.
        return running(state) or _start(state, pace)


@contextmanager
def _one_at_a_time(state: Path) -> Iterator[None]:
    """Two commands that start it at once would leave one sandbox that nobody finds."""
    handle = os.open(state / "sandbox.lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _start(state: Path, pace: str) -> SandboxEndpoint:
    _state_file(state).unlink(missing_ok=True)
    log = os.open(state / "sandbox.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        # -P: no module is ever taken from the directory it works in.
        [sys.executable, "-P", "-m", "opsctl.sandbox.engine.serve", str(_state_file(state).absolute()), pace],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        cwd=state,
        env={**_without_aws(), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    os.close(log)
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        found = running(state)
        if found is not None:
            return found
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise OpsctlError("the sandbox did not start", f"its log is {state / 'sandbox.log'}")


def stop(state: Path) -> bool:
    """Stop the sandbox; returns whether there was one. A pid that is not the sandbox's is left alone."""
    found = running(state)
    if found is not None:
        os.kill(found.pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and _is_sandbox(found):
            time.sleep(0.05)
    _state_file(state).unlink(missing_ok=True)
    return found is not None


def reset(endpoint: SandboxEndpoint) -> None:
    """Discard every change and create the sample workloads again."""
    _control(endpoint, RESET, START_WITHIN_S)


def send_attack(endpoint: SandboxEndpoint, asked: "Attack") -> "Attacked":
    """Send requests from an address through the worlds; returns what became of them."""
    from opsctl.sandbox.attack import Attacked

    answer = _control(endpoint, ATTACK, START_WITHIN_S, asked.model_dump_json())
    return Attacked.model_validate_json(answer)


def switch_faults(endpoint: SandboxEndpoint, asked: "FaultsAsked") -> "FaultsFound":
    """Have things go wrong, or right again; returns what goes wrong now."""
    from opsctl.sandbox.faults import FaultsFound

    return FaultsFound.model_validate_json(_control(endpoint, FAULTS, START_WITHIN_S, asked.model_dump_json()))


def _is_sandbox(endpoint: SandboxEndpoint) -> bool:
    """Ask the endpoint itself who it is, so that a reused port or pid is not taken for ours.

    Only while the process lives, which holds the port: a neighbour who has taken it since would be told the key.
    """
    try:
        return _is_ours(endpoint.pid) and int(_control(endpoint, STATUS, 5)) == endpoint.pid
    except (OSError, ValueError, HTTPException):
        return False


def _is_ours(pid: int) -> bool:
    """Whether a process is there and this user's; root may signal others' too, which /proc tells apart."""
    os.kill(pid, 0)
    about = Path(f"/proc/{pid}")
    return not about.exists() or about.stat().st_uid == os.geteuid()


def _control(endpoint: SandboxEndpoint, path: str, within_s: float, body: str = "") -> bytes:
    """Ask for one of the sandbox's controls, never through a proxy, which would see the key."""
    there = urlsplit(endpoint.endpoint_url)
    connection = HTTPConnection(HOST, there.port, timeout=within_s)
    try:
        connection.request("POST", path, body.encode(), headers=control_headers(endpoint.key))
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK:
            raise OSError(f"{path} was answered with {answer.status}")
        return answer.read()
    finally:
        connection.close()


def _state_file(state: Path) -> Path:
    return state / "sandbox.json"


def _without_aws() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
