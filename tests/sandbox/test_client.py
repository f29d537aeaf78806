"""The sandbox as a process: it starts, is found, stops, survives a kill, and can never reach a real account."""

import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.utils import get_environ_proxies

from opsctl.aws.clients import Clients, Connection
from opsctl.model.errors import InvalidInput
from opsctl.sandbox.client import SandboxEndpoint, force_environment, running, stop
from opsctl.sandbox.engine.server import sandbox_client
from tests.kit.command import HANGS_S
from tests.kit.forking import forked


def environment(home: Path) -> dict[str, str]:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSCTL_", "MOTO_"))
    }
    return clean | {"HOME": str(home), "OPSCTL_STATE_DIR": str(home / "state")}


def opsctl(home: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return forked(argv, home, environment(home) | env)


def started_alone(home: Path) -> subprocess.CompletedProcess[str]:
    """Start it by a process that no other one waits for."""
    return subprocess.run(
        [sys.executable, "-m", "opsctl", "sandbox", "start", "-o", "json"],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )


REAL = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL": "https://example.com",
    "AWS_ENDPOINT_URL_STS": "https://sts.us-east-1.amazonaws.com",
    "AWS_ENDPOINT_URL_EC2": "https://ec2.us-east-1.amazonaws.com",
    "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/admin",
    "AWS_REGION": "eu-west-1",
}


def test_it_starts_works_survives_a_kill_and_stops(tmp_path: Path) -> None:
    try:
        started = opsctl(tmp_path, "sandbox", "start", "-o", "json", **REAL)
        assert started.returncode == 0, started.stderr
        first = json.loads(started.stdout)["result"]
        assert first["endpoint_url"].startswith("http://127.0.0.1:")
        assert (tmp_path / "state" / "sandbox.json").stat().st_mode & 0o077 == 0
        again = opsctl(tmp_path, "sandbox", "start", "-o", "json")
        assert json.loads(again.stdout)["result"]["pid"] == first["pid"], "a second start finds the first"
        done = opsctl(tmp_path, "--sandbox", "doctor", "-o", "json", **REAL)
        assert done.returncode == 0, done.stderr
        told = {one["check"]: one["detail"] for one in json.loads(done.stdout)["result"]}
        assert told["endpoint"] == first["endpoint_url"]
        assert told["account"].startswith("123456789012, alias")
        elsewhere = opsctl(tmp_path, "--sandbox", "make-ha", "legacy-web", "--region", "eu-west-1", "-n", **REAL)
        assert (elsewhere.returncode, "region eu-west-1" in elsewhere.stderr) == (2, True)
        block = opsctl(tmp_path, "--sandbox", "block-ip", "203.0.113.9", "--target", "legacy-web", "--yes", **REAL)
        assert "next: opsctl --sandbox undo " in block.stdout, block.stderr
        assert "next: opsctl --sandbox undo " in opsctl(tmp_path, "runs", "show", "last").stdout
        for show in (("runs", "show"), ("show",)):
            elsewhere = opsctl(tmp_path, *show, "last", "--profile", "other", "--region", "eu-west-1")
            assert re.search(r"next: opsctl undo \S+ --region eu-west-1 --profile other$", elsewhere.stdout, re.M)
        limited = ("sandbox", "as", "responder-read-only")
        refused = opsctl(
            tmp_path, *limited, "block-ip", "203.0.113.9", "--target", "direct.example.com", "-y", **REAL
        )
        assert (refused.returncode, "denied: ec2:CreateNetworkAclEntry" in refused.stderr) == (3, True)
        assert "export AWS_SESSION_TOKEN=" in opsctl(tmp_path, *limited).stdout
        assert opsctl(tmp_path, "sandbox", "as", "nobody").returncode == 2
        env = opsctl(tmp_path, "sandbox", "env")
        assert f"export AWS_ENDPOINT_URL={first['endpoint_url']}" in env.stdout
        broken = opsctl(tmp_path, "sandbox", "fault", "no-room=legacy-web", **REAL)
        assert (broken.returncode, broken.stdout[:10]) == (0, "no-room=i-"), broken.stderr
        assert opsctl(tmp_path, "sandbox", "fault", "no-room=nobody").returncode == 2
        assert opsctl(tmp_path, "sandbox", "reset", **REAL).returncode == 0
        assert opsctl(tmp_path, "sandbox", "fault").stdout.startswith("nothing is made to go wrong")
        os.kill(first["pid"], signal.SIGKILL)
        second = opsctl(tmp_path, "sandbox", "start", "-o", "json")
        assert json.loads(second.stdout)["result"]["pid"] != first["pid"]
        assert opsctl(tmp_path, "sandbox", "stop").stdout == "stopped\n"
        assert opsctl(tmp_path, "sandbox", "status").stdout.startswith("not running")
    finally:
        stop(tmp_path / "state")


def test_two_commands_that_start_it_at_once_find_the_same(tmp_path: Path) -> None:
    try:
        with ThreadPoolExecutor(2) as pool:
            started = list(pool.map(started_alone, (tmp_path, tmp_path)))
        pids = {json.loads(one.stdout)["result"]["pid"] for one in started}
        assert len(pids) == 1, started
    finally:
        stop(tmp_path / "state")


def test_one_command_can_have_a_sandbox_of_its_own_that_is_gone_with_it(tmp_path: Path) -> None:
    argv = ("block-ip", "203.0.113.9", "--target", "legacy-web", "--yes", "-o", "json")
    done = opsctl(tmp_path, "sandbox", "exec", *argv, **REAL)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "done"
    assert not (tmp_path / "state" / "sandbox.json").exists()
    assert opsctl(tmp_path, "sandbox", "exec", "block-ip", "x", "--target", "y").returncode == 2


def test_a_state_file_that_leads_off_this_machine_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text(
        json.dumps({"endpoint_url": "https://ec2.amazonaws.com", "pid": 1, "key": "SBOX"})
    )
    with pytest.raises(InvalidInput, match="not on this machine"):
        running(tmp_path)


OTHERS = (f'{{"endpoint_url": "http://127.0.0.1:9", "pid": {pid}, "key": "SBOX"}}' for pid in (1, 0, -1, 10**20))


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"endpoint_url": "http://127.0.0.1:9", "pid": 1}', *OTHERS])
def test_a_stale_state_file_is_not_believed(tmp_path: Path, content: str) -> None:
    (tmp_path / "sandbox.json").write_text(content)
    assert running(tmp_path) is None
    assert stop(tmp_path) is False


def test_nothing_of_a_real_account_stays_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    endpoint = SandboxEndpoint(endpoint_url="http://127.0.0.1:1", pid=1, key="SBOX")
    before = dict(os.environ)
    try:
        force_environment(endpoint)
        left = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert left == {name: value for name, value in endpoint.env.items() if name.startswith("AWS_")}


@pytest.mark.parametrize("excepted", ["", ".corp.example", "*", "*,.corp.example", "localhost"])
def test_no_proxy_of_the_environment_is_told_the_key(monkeypatch: pytest.MonkeyPatch, excepted: str) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, excepted)
    before = dict(os.environ)
    endpoint = SandboxEndpoint(endpoint_url="http://127.0.0.1:4566", pid=1, key="SBOX")
    try:
        force_environment(endpoint)
        clients = Clients(Connection(endpoint_url=endpoint.endpoint_url), "r")
        assert clients.proxies(endpoint.endpoint_url) == {}
        assert get_environ_proxies("http://localhost:4566") == {}
        assert excepted in os.environ["NO_PROXY"], "other exceptions stay"
        assert endpoint.env["no_proxy"] == os.environ["no_proxy"], "told once, however often it is asked"
        del os.environ["no_proxy"], os.environ["NO_PROXY"]
        own = sandbox_client(endpoint.endpoint_url, endpoint.key, "sts")
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert own.meta.config.proxies == {}
