"""The script that asks or empties the nodes of a cache from an instance that reaches them; pure.

It takes redis-cli, valkey-cli or nc where the instance has them, else python3, else it says what is missing. The
password never stands in it: the instance reads the secret itself, by its own role, and hands it on in the
environment (REDISCLI_AUTH in the documentation of redis-cli, which logs in with an empty one too). DBSIZE comes
first, with all that redis-cli complains of: it goes on in database 0 where it was refused another one.
"""

import re
import shlex
from importlib.resources import files
from typing import Literal, TypeAlias

from opsctl.model.value import Value

Asked: TypeAlias = Literal["nodes", "look", "flush"]
NO_AWS, NO_SECRET, NO_CLIENT, REFUSED = 71, 72, 75, 76
"""Exit codes: no aws CLI, a secret that may not be read, no client, a node that refused."""

_CLIENTS = ("valkey-cli", "redis-cli", "redis6-cli")
_SECRET = re.compile(
    r"(arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):\d{12}:secret:)?[\w/+=.@-]{1,512}", re.A
)
_PARAMETER = re.compile(r"(arn:aws[a-z-]*:ssm:(?P<region>[a-z0-9-]+):\d{12}:parameter)?[\w/.-]{1,1011}", re.A)
"""Names and ARNs, by the API references of Secrets Manager (CreateSecret) and Systems Manager (PutParameter)."""
_UNPACK = (
    "import json, sys; found = json.load(sys.stdin); "
    'print(found.get("password") or found.get("auth_token") or found.get("token") or "")'
)
"""What a secret of several fields calls a password."""


class CacheAccess(Value):
    """How the nodes of a cache are spoken to: `named` is in its certificate, `secret` is where its password is."""

    engine: Literal["redis", "memcached"]
    tls: bool = False
    named: str = ""
    database: int | None = None
    user: str = ""
    secret: str = ""
    region: str = ""

    @property
    def flush(self) -> str:
        """The command that empties a node."""
        if self.engine == "memcached":
            return "flush_all"
        return "FLUSHALL ASYNC" if self.database is None else "FLUSHDB ASYNC"


def why_no_secret(secret: str) -> str:
    """Say why this names no secret, without repeating it: it may be the password itself. Empty where it may."""
    kind, sign, name = secret.partition(":")
    form, place = (_PARAMETER, name) if sign and kind == "ssm" else (_SECRET, secret)
    if form.fullmatch(place) and not place.startswith("-"):
        return ""
    return "this is no name or ARN of a secret, nor ssm: and that of a parameter"


def opening(access: CacheAccess) -> tuple[str, ...]:
    """Return what comes first: the settings, the password, and which client there is."""
    settings = {
        "CACHE_ENGINE": access.engine,
        "CACHE_TLS": str(int(access.tls)),
        "CACHE_NAME": access.named,
        "CACHE_DB": str(access.database or 0),
        "CACHE_USER": access.user,
        "CACHE_FLUSH": access.flush,
    }
    return (
        *(f"export {name}={shlex.quote(value)}" for name, value in settings.items()),
        *(_secret(access) if access.secret else []),
        *(_redis_client(access) if access.engine == "redis" else _memcached_client(access)),
    )


def closing(access: CacheAccess) -> tuple[str, ...]:
    """Return what is done with each of the nodes, which are told as HOST/PORT."""
    none = f"refused: no client on this machine: {_missing(access)}"
    return (
        'if [ -n "$client" ]; then',
        "for node in $CACHE_NODES; do",
        'at=$(echo "$node" | cut -d/ -f1); port=$(echo "$node" | cut -d/ -f2)',
        *(_by_redis_cli(access) if access.engine == "redis" else _by_nc()),
        "done",
        "elif command -v python3 >/dev/null 2>&1; then",
        f"python3 -c {shlex.quote(client_program())}",
        "else",
        f"echo {shlex.quote(none)}; exit {NO_CLIENT}",
        "fi",
    )


def script_for(
    asked: Asked, nodes: tuple[str, ...], begin: tuple[str, ...], end: tuple[str, ...]
) -> tuple[str, ...]:
    """Put what is asked of which nodes between opening and closing."""
    return (*begin, f"export CACHE_ASKED={asked} CACHE_NODES={shlex.quote(' '.join(nodes))}", *end)


def client_program() -> str:
    """Return the program for python3."""
    return files("opsctl.caches").joinpath("cache_client.py").read_text(encoding="utf-8")


def _secret(access: CacheAccess) -> list[str]:
    kind, _, name = access.secret.partition(":")
    named = (_PARAMETER.fullmatch(name) if kind == "ssm" else None) or _SECRET.fullmatch(access.secret)
    region = (named["region"] if named else "") or access.region
    read = f"aws secretsmanager get-secret-value --secret-id {shlex.quote(access.secret)} --query SecretString"
    if kind == "ssm":
        read = f"aws ssm get-parameter --with-decryption --name {shlex.quote(name)} --query Parameter.Value"
    read = f"{read} --output text --region {shlex.quote(region)}"
    return [
        f"command -v aws >/dev/null 2>&1 || {_refuse('no aws CLI on this machine to read the secret', NO_AWS)}",
        f"token=$({read}) || {_refuse('the role of this machine may not read the secret', NO_SECRET)}",
        'if printf "%s" "$token" | grep -q "^{"; then',
        f'token=$(printf "%s" "$token" | python3 -c {shlex.quote(_UNPACK)})',
        "fi",
        f'[ -n "$token" ] || {_refuse("the secret has no password", NO_SECRET)}',
        'export REDISCLI_AUTH="$token"',
    ]


def _refuse(why: str, code: int) -> str:
    return f"{{ echo {shlex.quote(f'refused: {why}')}; exit {code}; }}"


def _redis_client(access: CacheAccess) -> list[str]:
    lines = [
        "client=",
        f"for one in {' '.join(_CLIENTS)}; do",
        'if [ -z "$client" ] && command -v "$one" >/dev/null 2>&1; then client=$one; fi',
        "done",
    ]
    if access.tls:  # an old redis-cli, or one that was built without, knows no TLS
        lines.append('if [ -n "$client" ] && ! "$client" --help 2>&1 | grep -q -e "--tls"; then client=; fi')
    return lines


def _memcached_client(access: CacheAccess) -> list[str]:
    found = [] if access.tls else ["if command -v nc >/dev/null 2>&1; then client=nc; fi"]
    return ["client=", *found]


def _by_redis_cli(access: CacheAccess) -> list[str]:
    ask = 'timeout 30 "$client" -h "$at" -p "$port" -n "$CACHE_DB"'
    ask += ' --tls --sni "$CACHE_NAME"' if access.tls else ""
    ask += ' --user "$CACHE_USER"' if access.user else ""
    return [
        'if [ "$CACHE_ASKED" = nodes ]; then',
        f"echo nodes; {ask} CLUSTER NODES 2>&1",
        "else",
        f"before=$({ask} DBSIZE 2>&1)",
        _number("before"),
        'if [ "$CACHE_ASKED" = flush ]; then',
        f"said=$({ask} $CACHE_FLUSH)",
        f'if [ "$said" != OK ]; then echo "refused $node $said"; exit {REFUSED}; fi',
        f"after=$({ask} DBSIZE 2>&1)",
        _number("after"),
        'echo "flushed $node $before $after"',
        "else",
        'echo "items $node $before"',
        "fi",
        "fi",
    ]


def _by_nc() -> list[str]:
    ask = 'timeout 30 nc "$at" "$port" 2>&1 | tr -d "\\r"'
    told = f'told=$(printf "stats\\nquit\\n" | {ask})'
    items, flushes = (f'echo "$told" | grep "STAT {one} " | cut -d" " -f3' for one in ("curr_items", "cmd_flush"))
    return [
        told,
        f"before=$({items}); flushes=$({flushes})",
        _number("before", "$told"),
        'if [ "$CACHE_ASKED" = flush ]; then',
        f'said=$(printf "flush_all\\nquit\\n" | {ask})',
        f'if [ "$said" != OK ]; then echo "refused $node $said"; exit {REFUSED}; fi',
        told,
        f'if [ "$({flushes})" -le "$flushes" ]; then echo "refused $node $told"; exit {REFUSED}; fi',
        'echo "flushed $node $before 0"',
        "else",
        'echo "items $node $before"',
        "fi",
    ]


def _number(name: str, said: str = "") -> str:
    """Whatever is not one number alone is what the node, or the way to it, had to say."""
    rest = f'$(echo "${name}" | tr -d "0123456789")'
    refused = f'echo "refused $node {said or f"${name}"}"; exit {REFUSED}'
    return f'if [ -z "${name}" ] || [ -n "{rest}" ]; then {refused}; fi'


def _missing(access: CacheAccess) -> str:
    client = "nc" if access.engine == "memcached" else "valkey-cli or redis-cli"
    if access.tls:
        return "install python3" if access.engine == "memcached" else f"install {client} (with TLS), or python3"
    return f"install {client}, or python3"
