"""Neighbours of the sandbox: another user of the machine, and a web page whose name is rebound to loopback."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from opsctl.model.errors import InvalidInput
from opsctl.sandbox.client import ensure_running, running, stop
from opsctl.sandbox.endpoint import CONTROL, RESET, STATUS
from opsctl.sandbox.engine.door import new_key
from opsctl.sandbox.engine.server import credentials, sandbox_client
from tests.kit.moto_account import KEY, WatchedServer, fresh_world, server

SERVICES = ("ec2", "sts", "iam", "lambda", "wafv2", "sqs", "s3", "route53", "cloudfront", "dlm", "logs")
ASKS = {
    "ec2": "describe_vpcs",
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "lambda": "list_functions",
    "wafv2": "list_tags_for_resource",
    "sqs": "list_queues",
    "s3": "list_buckets",
    "route53": "list_hosted_zones",
    "cloudfront": "list_distributions",
    "dlm": "get_lifecycle_policies",
    "logs": "describe_log_groups",
}
PARAMS = {"list_tags_for_resource": {"ResourceARN": "arn:aws:wafv2:us-east-1:1:x/y"}}
SCOPE = "20260101/us-east-1/sts/aws4_request"
SIGNED = f"AWS4-HMAC-SHA256 Credential={KEY}/{SCOPE}, SignedHeaders=host, Signature=0"
IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[WatchedServer]:
    with fresh_world():
        yield server()


def ask(sandbox: WatchedServer, method: str = "POST", path: str = "/", **headers: str | None) -> HTTPResponse:
    """Ask who the caller is, with a good key unless a header says otherwise; None leaves one out."""
    connection = HTTPConnection(sandbox.endpoint.removeprefix("http://"))
    sent = {"Authorization": SIGNED, "Content-Type": "application/x-www-form-urlencoded"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    left_out = [name.replace("_", "-") for name, value in headers.items() if value is None]
    connection.putrequest(method, path, skip_host="Host" in sent)
    for name, value in sent.items():
        if name not in left_out:
            connection.putheader(name, value)
    body = IDENTITY.encode() if method == "POST" else b""
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    return connection.getresponse()


def is_refused(answer: HTTPResponse) -> bool:
    """Refused, with nothing told and nothing that a page could read."""
    text = answer.read().decode()
    assert KEY not in text
    assert "moto" not in text + str(answer.headers)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    return answer.status == 403 and "InvalidClientTokenId" in text


def test_the_owner_is_answered(sandbox: WatchedServer) -> None:
    answer = ask(sandbox)
    assert (answer.status, b"GetCallerIdentityResult" in answer.read()) == (200, True)


@pytest.mark.parametrize("service", SERVICES)
def test_another_key_is_refused_by_every_service_as_aws_refuses_it(sandbox: WatchedServer, service: str) -> None:
    stranger = sandbox_client(sandbox.endpoint, new_key(), service)
    with pytest.raises(ClientError) as caught:
        getattr(stranger, ASKS[service])(**PARAMS.get(ASKS[service], {}))
    assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert "security token" in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        KEY,
        f"Bearer {KEY}",
        f"AWS {KEY}:signature",
        SIGNED.replace(KEY, KEY.lower()),
        SIGNED.replace(KEY, KEY[:-1]),
        SIGNED.replace(KEY, KEY + "A"),
        SIGNED.replace(KEY, "AKIAIOSFODNN7EXAMPLE"),
        SIGNED.replace(KEY, ""),
        f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{SCOPE}, Credential={KEY}/{SCOPE}",
        f"x {SIGNED}",
    ],
)
def test_who_does_not_sign_with_the_key_is_refused(sandbox: WatchedServer, authorization: str | None) -> None:
    assert is_refused(ask(sandbox, Authorization=authorization))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.nip.io:{port}", ""])
def test_a_name_that_is_rebound_to_loopback_is_refused(sandbox: WatchedServer, host: str) -> None:
    port = sandbox.endpoint.rpartition(":")[2]
    assert is_refused(ask(sandbox, Host=host.format(port=port)))


def test_localhost_is_loopback(sandbox: WatchedServer) -> None:
    assert ask(sandbox, Host=f"localhost:{sandbox.endpoint.rpartition(':')[2]}").status == 200


@pytest.mark.parametrize(
    "header",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Mode": "no-cors"},
    ],
)
def test_what_a_browser_sends_for_a_page_is_refused(sandbox: WatchedServer, header: dict[str, str]) -> None:
    assert is_refused(ask(sandbox, **header))


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "PUT", "DELETE"])
def test_a_page_gets_no_leave_beforehand(sandbox: WatchedServer, method: str) -> None:
    page = {"Origin": "http://evil.example", "Access_Control_Request_Method": "POST"}
    assert is_refused(ask(sandbox, method, Authorization=None, **page))


def test_no_answer_lets_pages_read_it(sandbox: WatchedServer) -> None:
    answer = ask(sandbox)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/moto-api/reset"),
        ("GET", "/moto-api/"),
        ("GET", "/moto-api/data.json"),
        ("POST", "/moto-api/seed?a=1"),
        ("GET", "/latest/meta-data/iam/security-credentials/"),
        ("PUT", "/latest/api/token"),
        ("GET", "/favicon.ico"),
    ],
)
def test_what_is_not_aws_is_not_served_even_with_the_key(sandbox: WatchedServer, method: str, path: str) -> None:
    assert is_refused(ask(sandbox, method, path))
    assert is_refused(ask(sandbox, method, path, Authorization=None))


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_request_needs_the_key_as_well(sandbox: WatchedServer, version: str) -> None:
    def status(key: str) -> int:
        session = boto3.Session(**credentials(key), region_name="us-east-1")
        config = Config(signature_version=version)
        s3 = session.client("s3", endpoint_url=sandbox.endpoint, config=config)
        url = s3.generate_presigned_url("list_buckets")
        return ask(sandbox, "GET", url.removeprefix(sandbox.endpoint), Authorization=None).status

    assert (status(KEY), status(new_key())) == (200, 403)


@pytest.mark.parametrize("path", [STATUS, RESET])
def test_the_controls_are_for_the_key_and_a_request_of_their_own(sandbox: WatchedServer, path: str) -> None:
    assert is_refused(ask(sandbox, "POST", path, Authorization=None))
    assert is_refused(ask(sandbox, "POST", path, Authorization=SIGNED.replace(KEY, new_key())))
    own = SIGNED.replace("/sts/", f"/{CONTROL}/")
    assert is_refused(ask(sandbox, "POST", f"{path}/elsewhere", Authorization=own))
    assert is_refused(ask(sandbox, "POST", path, Authorization=own, Origin="http://evil.example"))


def test_keys_cannot_be_guessed() -> None:
    assert len({new_key() for _ in range(1000)}) == 1000
    assert {len(new_key()) for _ in range(100)} == {20}


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state = tmp_path_factory.mktemp("neighbours") / "state"
    argv = [sys.executable, "-m", "opsctl", "sandbox", "start", "--pace", "instant"]
    try:
        subprocess.run(argv, env=os.environ | {"OPSCTL_STATE_DIR": str(state)}, umask=0, check=True)
        yield state
    finally:
        stop(state)


def test_the_secret_is_in_files_that_only_the_owner_can_read(background: Path) -> None:
    assert background.stat().st_mode & 0o777 == 0o700
    assert {one.name: one.stat().st_mode & 0o077 for one in background.iterdir()} == {
        "sandbox.json": 0,
        "sandbox.lock": 0,
        "sandbox.log": 0,
    }
    key = json.loads((background / "sandbox.json").read_text())["key"]
    found = running(background)
    assert found is not None
    assert key not in repr(found)
    told = Path(f"/proc/{found.pid}/cmdline")
    assert not told.exists() or key not in told.read_text()


def test_the_server_works_in_its_state_directory(background: Path) -> None:
    found = running(background)
    assert found is not None
    there = Path(f"/proc/{found.pid}/cwd")
    assert not there.exists() or there.readlink() == background.resolve()


STEALS = """
import json, os, socket, sys
port, state, uid = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if uid:
    os.setgroups([]), os.setgid(uid), os.setuid(uid)
told = {"uid": os.getuid()}
try:
    told["file"] = open(os.path.join(state, "sandbox.json")).read()
except OSError as fault:
    told["file"] = type(fault).__name__
connection = socket.socket()
connection.connect(("127.0.0.1", port))
connection.sendall(
    b"POST /2015-03-31/functions HTTP/1.1\\r\\nHost: 127.0.0.1:%d\\r\\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/lambda/aws4_request,"
    b" SignedHeaders=host, Signature=0\\r\\nContent-Length: 2\\r\\n\\r\\n{}" % port
)
told["answer"] = connection.makefile().read()
print(json.dumps(told))
"""


def test_another_user_of_the_machine_neither_reads_the_key_nor_makes_a_function(background: Path) -> None:
    found = running(background)
    assert found is not None
    uid = 65534 if os.geteuid() == 0 else 0
    argv = [sys.executable, "-c", STEALS, found.endpoint_url.rpartition(":")[2], str(background), str(uid)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["answer"].startswith("HTTP/1.1 403")
    assert "InvalidClientTokenId" in told["answer"]
    if uid:
        assert (told["uid"], told["file"]) == (uid, "PermissionError")


def test_a_neighbour_who_took_the_port_of_a_dead_sandbox_is_not_told_its_key(tmp_path: Path) -> None:
    uid = 65534 if os.geteuid() == 0 else None
    with socket.create_server(("127.0.0.1", 0)) as taken, subprocess.Popen(["sleep", "60"], user=uid) as neighbour:
        taken.settimeout(0.2)
        if not uid:
            neighbour.kill()
            neighbour.wait()
        told = {"endpoint_url": f"http://127.0.0.1:{taken.getsockname()[1]}", "pid": neighbour.pid, "key": KEY}
        (tmp_path / "sandbox.json").write_text(json.dumps(told))
        try:
            assert running(tmp_path) is None
            with pytest.raises(TimeoutError):
                taken.accept()
        finally:
            neighbour.kill()


def test_no_sandbox_keeps_its_key_where_others_can_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(InvalidInput, match="is writable by others"):
        ensure_running(tmp_path, lambda _: None)
