"""The script is run by the machine's own sh and python3, over TCP, by the published protocols.

Real servers and clients of Redis and Valkey confirm it where the path has them, with a small server of ours in any
case: what is sent and what comes back is compared between the two.
"""

import ast
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeGuard

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opsctl.caches.cache_script import (
    NO_AWS,
    NO_CLIENT,
    NO_SECRET,
    REFUSED,
    Asked,
    CacheAccess,
    client_program,
    closing,
    opening,
    script_for,
    why_no_secret,
)
from opsctl.sandbox.engine.cache_nodes import CacheError, CacheNode, CacheSession, CacheShard
from tests.kit.cache_server import cache_server

TOKEN = "s3cret!&token-0123456789"
BASICS = ("sh", "cut", "grep", "tr", "timeout", "echo", "cat", "env")
AT = "127.0.0.1"
REDIS = CacheAccess(engine="redis", region="eu-west-1")
SERVERS = [one for one in ("redis-server", "valkey-server") if shutil.which(one)]


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A path with what every Linux has, with python3, and with no client of any cache."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in BASICS:
        if found := shutil.which(name):
            (place / name).symlink_to(os.path.realpath(found))
    (place / "python3").symlink_to(os.path.realpath("/proc/self/exe"))
    return place


def program(place: Path, name: str, text: str) -> None:
    """Put a program of a few lines there."""
    made = place / name
    made.unlink(missing_ok=True)
    made.write_text(f"#!{place}/sh\n{text}\n")
    made.chmod(0o755)


def run(access: CacheAccess, asked: Asked, nodes: list[str], tools: Path, **env: str) -> tuple[int, str]:
    """Run it as an agent does: the lines in a file, by sh; returns the exit code and all that it said."""
    file = tools.parent / "_script.sh"
    file.write_text("\n".join(script_for(asked, tuple(nodes), opening(access), closing(access))) + "\n")
    done = subprocess.run(
        [str(tools / "sh"), str(file)],
        env={"PATH": str(tools), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def served_with_tls(name: str, place: Path) -> tuple[str, ssl.SSLContext]:
    """A certificate that vouches for itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    made = made.not_valid_after(datetime(2126, 1, 1, tzinfo=UTC))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = place / "served.pem"
    file.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return str(file), context


def filled(**more: object) -> CacheNode:
    """A node that holds three keys in database 0 and one in database 3."""
    node = CacheNode(at=AT, port=0, **more)  # type: ignore[arg-type]
    node.databases = {0: {"a": "1", "b": "2", "c": "3"}, 3: {"d": "4"}}
    return node


def test_python_looks_empties_and_says_how_much_there_was(tools: Path) -> None:
    node = filled()
    with cache_server(node) as port:
        at = f"{AT}/{port}"
        assert run(REDIS, "look", [at], tools) == (0, f"items {at} 3\n")
        assert node.count(0) == 3
        assert run(REDIS, "flush", [at], tools) == (0, f"flushed {at} 3 0\n")
    assert (node.count(0), node.count(3)) == (0, 0)


def test_one_database_alone_is_emptied(tools: Path) -> None:
    node = filled()
    with cache_server(node) as port:
        code, said = run(REDIS.model_copy(update={"database": 3}), "flush", [f"{AT}/{port}"], tools)
    assert (code, said, node.count(0), node.count(3)) == (0, f"flushed {AT}/{port} 1 0\n", 3, 0)


@pytest.mark.parametrize(
    ("more", "access", "says"),
    [
        ({"password": TOKEN}, {}, "NOAUTH"),
        ({"replica_of": "x"}, {}, "READONLY"),
        ({}, {"database": 99}, "out of range"),
    ],
)
def test_what_a_node_refuses_ends_it_and_leaves_everything(
    more: dict[str, object], access: dict[str, object], says: str, tools: Path
) -> None:
    node = filled(**more)
    with cache_server(node) as port:
        code, said = run(REDIS.model_copy(update=access), "flush", [f"{AT}/{port}"], tools)
    assert code == REFUSED
    assert said.startswith("refused ")
    assert says in said
    assert (node.count(0), node.count(3)) == (3, 1)


def test_nobody_at_home_is_a_refusal(tools: Path) -> None:
    with cache_server(filled()) as port:
        pass
    code, said = run(REDIS, "look", [f"{AT}/{port}"], tools)
    assert (code, said.split()[:2]) == (REFUSED, ["refused", f"{AT}/{port}"])


@pytest.mark.parametrize(
    ("secret", "form"),
    [("ssm:/cache/token", TOKEN), ("cache/token", f'{{"password": "{TOKEN}", "username": "app"}}')],
)
def test_the_password_is_read_by_the_machine_and_stands_in_no_command_line(
    secret: str, form: str, tools: Path
) -> None:
    seen = tools.parent / "argv"
    program(tools, "aws", f'echo "$@" >> {seen}\ncat {tools.parent}/secret')
    (tools.parent / "secret").write_text(form + "\n")
    program(tools, "python3", f'echo "$@" >> {seen}\nexec {os.path.realpath("/proc/self/exe")} "$@"')
    access = REDIS.model_copy(update={"secret": secret, "user": "default"})
    node = filled(password=TOKEN)
    with cache_server(node) as port:
        code, said = run(access, "flush", [f"{AT}/{port}"], tools)
    assert (code, said) == (0, f"flushed {AT}/{port} 3 0\n")
    asked = "get-parameter" if secret.startswith("ssm:") else "get-secret-value"
    assert asked in seen.read_text()
    assert TOKEN not in seen.read_text() + (tools.parent / "_script.sh").read_text()


def test_a_secret_that_cannot_be_read_ends_it_before_any_node_is_asked(tools: Path) -> None:
    access = REDIS.model_copy(update={"secret": "cache/token"})
    assert run(access, "flush", [f"{AT}/1"], tools)[0] == NO_AWS
    program(tools, "aws", "echo denied >&2; exit 254")
    code, said = run(access, "flush", [f"{AT}/1"], tools)
    assert (code, "may not read the secret" in said) == (NO_SECRET, True)


def test_a_machine_without_any_client_says_what_to_install(tools: Path) -> None:
    (tools / "python3").unlink()
    code, said = run(REDIS, "look", [f"{AT}/1"], tools)
    assert (code, "install valkey-cli or redis-cli, or python3" in said) == (NO_CLIENT, True)


def test_tls_is_spoken_with_the_name_that_is_in_the_certificate_and_no_other(tools: Path, tmp_path: Path) -> None:
    certificate, context = served_with_tls("cache.example.com", tmp_path)
    node = filled()
    with cache_server(node, context) as port:
        at = f"{AT}/{port}"
        named = REDIS.model_copy(update={"tls": True, "named": "cache.example.com"})
        assert run(named, "look", [at], tools, SSL_CERT_FILE=certificate) == (0, f"items {at} 3\n")
        code, said = run(named, "flush", [at], tools)
        assert (code, "certificate verify failed" in said) == (REFUSED, True)
        other = named.model_copy(update={"named": "other.example.com"})
        code, said = run(other, "flush", [at], tools, SSL_CERT_FILE=certificate)
        assert (code, "certificate" in said) == (REFUSED, True)
    assert node.count(0) == 3


def test_the_primaries_of_a_cluster_are_told(tools: Path) -> None:
    node = filled(shards=[CacheShard(AT, 1, 0, 8191), CacheShard("10.0.0.9", 6379, 8192, 16383)])
    with cache_server(node) as port:
        code, said = run(REDIS, "nodes", [f"{AT}/{port}"], tools)
    lines = said.splitlines()
    assert (code, lines[0], len(lines)) == (0, "nodes", 3)
    assert "10.0.0.9:6379@16379 master" in lines[2]


def test_memcached_drops_everything_and_counts_that_it_did(tools: Path) -> None:
    node = filled(engine="memcached")
    with cache_server(node) as port:
        code, said = run(CacheAccess(engine="memcached"), "flush", [f"{AT}/{port}"], tools)
    assert (code, said, node.flushes, node.count(0)) == (0, f"flushed {AT}/{port} 3 0\n", 1, 0)


def test_the_program_is_one_for_old_pythons_too() -> None:
    """Nothing that 3.6 does not know: it is parsed by that grammar."""
    tree = ast.parse(client_program(), feature_version=(3, 6))
    imported = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    assert imported == {"os", "socket", "ssl", "sys"}
    # What builtins are indexed by is known to 3.9 and newer only, and asked for as the program is loaded.
    indexed = {one.value.id for one in ast.walk(tree) if isinstance(one, ast.Subscript) and _is_name(one.value)}
    assert indexed & {"dict", "list", "set", "tuple", "type"} == set()


def _is_name(node: ast.expr) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name)


@pytest.mark.parametrize(
    ("secret", "region", "fits"),
    [
        ("storefront/sessions", "eu-west-1", True),
        ("ssm:/cache/token", "eu-west-1", True),
        ("arn:aws:secretsmanager:us-west-2:123456789012:secret:cache-aBcDeF", "us-west-2", True),
        ("ssm:arn:aws-cn:ssm:cn-north-1:123456789012:parameter/cache/token", "cn-north-1", True),
        ("my pass!word", "", False),
        ("s3cret&token", "", False),
        ("ssm:", "", False),
        ("-x", "", False),
        ("arn:aws:s3:::bucket", "", False),
    ],
)
def test_a_secret_is_named_where_it_is_and_no_password_is_taken_for_its_name(
    secret: str, region: str, fits: bool
) -> None:
    why = why_no_secret(secret)
    assert (not why, secret != "ssm:" and secret in why) == (fits, False)
    if fits:
        said = "\n".join(opening(REDIS.model_copy(update={"secret": secret})))
        assert f"--region {region})" in said


@contextmanager
def real_server(name: str, place: Path, *options: str) -> Iterator[int]:
    """A real server on the loopback, without a disk."""
    with socket.socket() as free:
        free.bind((AT, 0))
        port = free.getsockname()[1]
    argv = [shutil.which(name) or name, "--port", str(port), "--bind", AT, "--save", "", "--dir", str(place)]
    server = subprocess.Popen([*argv, *options], stdout=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with socket.socket() as link:
                if link.connect_ex((AT, port)) == 0:
                    break
            time.sleep(0.01)
        yield port
    finally:
        server.kill()
        server.wait()


@contextmanager
def asking(port: int) -> Iterator[Callable[..., str]]:
    """Send commands to a real server over one connection, by a client of the test's own."""

    def ask(*words: str) -> str:
        parts = [b"$%d\r\n%s\r\n" % (len(one), one.encode()) for one in words]
        link.sendall(b"*%d\r\n%s" % (len(words), b"".join(parts)))
        line = stream.readline().decode().strip()
        if line.startswith("$"):
            return stream.read(int(line[1:]) + 2).decode()[:-2]
        return line if line.startswith("-") else line[1:]

    with socket.create_connection((AT, port), timeout=20) as link, link.makefile("rb") as stream:
        yield ask


@pytest.mark.skipif(not SERVERS, reason="no redis-server or valkey-server on the path")
@pytest.mark.parametrize("name", SERVERS or ["none"])
@pytest.mark.parametrize("by", ["python3", "redis-cli"])
def test_a_real_server_is_emptied_by_either_client(name: str, by: str, tools: Path, tmp_path: Path) -> None:
    if by == "redis-cli":
        found = shutil.which("redis-cli")
        if not found:
            pytest.skip("no redis-cli on the path")
        (tools / "redis-cli").symlink_to(os.path.realpath(found))
        (tools / "python3").unlink()
    program(tools, "aws", f"echo '{TOKEN}'")
    access = REDIS.model_copy(update={"secret": "token"})
    with ExitStack() as there:
        port = there.enter_context(real_server(name, tmp_path, "--requirepass", TOKEN))
        at, ask = f"{AT}/{port}", there.enter_context(asking(port))
        assert ask("AUTH", TOKEN) == "OK"
        for number in range(3):
            ask("SET", f"key-{number}", "x")
        ask("SELECT", "3")
        ask("SET", "other", "x")
        assert run(REDIS, "look", [at], tools)[0] == REFUSED
        assert run(access, "look", [at], tools) == (0, f"items {at} 3\n")
        assert run(access.model_copy(update={"database": 99}), "flush", [at], tools)[0] == REFUSED
        assert run(access.model_copy(update={"database": 3}), "flush", [at], tools) == (0, f"flushed {at} 1 0\n")
        assert (ask("SELECT", "0"), ask("DBSIZE")) == ("OK", "3")
        assert run(access, "flush", [at], tools) == (0, f"flushed {at} 3 0\n")
        assert ask("DBSIZE") == "0"


@pytest.mark.skipif(not SERVERS, reason="no redis-server or valkey-server on the path")
@pytest.mark.parametrize("name", SERVERS or ["none"])
@pytest.mark.parametrize("by", ["python3", "redis-cli"])
def test_a_real_server_without_a_password_is_not_asked_with_one(
    name: str, by: str, tools: Path, tmp_path: Path
) -> None:
    found = shutil.which("redis-cli")
    if by == "redis-cli" and not found:
        pytest.skip("no redis-cli on the path")
    if by == "redis-cli" and found:
        (tools / "redis-cli").symlink_to(os.path.realpath(found))
    with real_server(name, tmp_path) as port, asking(port) as ask:
        ask("SET", "a", "1")
        assert run(REDIS, "look", [f"{AT}/{port}"], tools) == (0, f"items {AT}/{port} 1\n")
        assert run(REDIS, "flush", [f"{AT}/{port}"], tools) == (0, f"flushed {AT}/{port} 1 0\n")
        assert ask("DBSIZE") == "0"


def test_a_number_among_other_lines_is_no_number(tools: Path) -> None:
    program(tools, "redis-cli", "echo 'Warning: AUTH failed' >&2; echo 12")
    code, said = run(REDIS, "flush", [f"{AT}/1"], tools)
    assert (code, said.splitlines()[0]) == (REFUSED, f"refused {AT}/1 Warning: AUTH failed")


TOLD: list[list[str]] = [
    ["DBSIZE"],
    ["AUTH", "wrong"],
    ["AUTH", TOKEN],
    ["PING"],
    ["SET", "a", "1"],
    ["DBSIZE"],
    ["SELECT", "99"],
    ["SELECT", "2"],
    ["DBSIZE"],
    ["FLUSHDB", "ASYNC"],
    ["SELECT", "0"],
    ["GET", "a"],
    ["FLUSHALL", "NOW"],
    ["CLUSTER", "NODES"],
    ["FLUSHALL", "ASYNC"],
    ["DBSIZE"],
]


@pytest.mark.skipif(not SERVERS, reason="no redis-server or valkey-server on the path")
@pytest.mark.parametrize("name", SERVERS or ["none"])
def test_a_node_of_the_sandbox_answers_what_a_real_one_does(name: str, tmp_path: Path) -> None:
    session = CacheSession(CacheNode(at=AT, port=0, password=TOKEN))
    with real_server(name, tmp_path, "--requirepass", TOKEN) as port, asking(port) as ask:
        for words in TOLD:
            try:
                ours = str(session.reply(words))
            except CacheError as refused:
                ours = f"-{refused}"
            assert (words, ask(*words)) == (words, ours)
