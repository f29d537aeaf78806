"""What a guest has to reach caches with: redis-cli, valkey-cli and nc once they are installed, and the aws CLI.

A connection goes through where EC2's settings let it: the same VPC, a rule of the node's groups for the instance's
address or groups, and a rule of the instance's groups for the way out (VPC user guide, "Security group rules").
Sources: redis-cli's own help and its documentation (REDISCLI_AUTH); nc(1); the aws CLI's reference.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from opsctl.sandbox.engine.cache_nodes import CacheError, CacheNode, CacheSession, memcached_reply
from opsctl.sandbox.engine.guest_shell import Done, Program, Shell

PACKAGES = {
    "valkey": ("valkey-cli",),
    "redis6": ("redis6-cli",),
    "redis-tools": ("redis-cli",),
    "nmap-ncat": ("nc",),
    "netcat-openbsd": ("nc",),
}
"""What packages of Amazon Linux, Debian and Ubuntu bring."""


def nodes_of(account: str, region: str) -> dict[str, CacheNode]:
    """The nodes of caches by their addresses; they live and die with moto's own caches."""
    from moto.elasticache.models import elasticache_backends

    found: dict[str, CacheNode] = elasticache_backends[account][region].__dict__.setdefault("opsctl_nodes", {})
    return found


def _reached(guest: Any, at: str, port: int) -> CacheNode | None:
    """The node of an address, where this guest gets through to it."""
    node = nodes_of(guest.ec2.account_id, guest.ec2.region_name).get(at)
    if node is None or node.port != port or guest.instance.vpc_id != node.vpc:
        return None
    own = {str(one.id) for nic in guest.instance.nics.values() for one in nic.group_set}
    theirs = set(node.groups)
    way_in = any(_permits(rule, port, guest.instance.private_ip, own) for rule in _rules(guest, theirs, "ingress"))
    way_out = any(_permits(rule, port, "", theirs) for rule in _rules(guest, own, "egress"))
    return node if way_in and way_out else None


def _rules(guest: Any, groups: set[str], way: str) -> Iterator[Any]:
    for group in groups:
        found = guest.ec2.get_security_group_from_id(group)
        yield from getattr(found, f"{way}_rules") if found else ()


def _permits(rule: Any, port: int, address: str, groups: set[str]) -> bool:
    if str(rule.ip_protocol) not in ("-1", "tcp", "6"):
        return False
    if str(rule.ip_protocol) != "-1" and not int(rule.from_port) <= port <= int(rule.to_port):
        return False
    wide = rule.ip_range.get("CidrIp")
    if wide:
        return not address or ipaddress.ip_address(address) in ipaddress.ip_network(wide)
    return rule.source_group.get("GroupId") in groups


def _redis_cli(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    """Connect, say who asks, choose the database, and send one command."""
    if "--help" in arguments:
        return Done("redis-cli 7.2.4\n  --tls              Establish a secure TLS connection.\n")
    options, words = _of_redis_cli(arguments)
    at, port = options.get("-h", "127.0.0.1"), int(options.get("-p", "6379"))
    node = _reached(shell.machine, at, port)
    if node is None:
        return Done(err=f"Could not connect to Redis at {at}:{port}: Connection timed out\n", code=1)
    if node.tls != ("--tls" in options):
        why = "Connection reset by peer" if node.tls else "SSL_connect failed: wrong version number"
        return Done(err=f"Could not connect to Redis at {at}:{port}: {why}\n", code=1)
    session = CacheSession(node)
    done = Done()
    _begin(session, options, shell.variables.get("REDISCLI_AUTH"), done)
    try:
        said = session.reply(words)
        _count(shell.machine, node, words, hit=said is not None)
    except CacheError as refused:
        if "-c" in options and str(refused).startswith("MOVED"):
            moved = str(refused).split()[-1].rpartition(":")[0]
            return _redis_cli(shell, [moved if one == at else one for one in arguments], _)
        return Done(f"{refused}\n\n", done.err)
    return Done(f"{'' if said is None else said}".rstrip("\n") + "\n", done.err)


def _count(guest: Any, node: CacheNode, words: Sequence[str], *, hit: bool) -> None:
    """Publish whether a key that was asked for was there (ElastiCache guide, CacheHits and CacheMisses)."""
    if words[0].upper() != "GET":
        return
    from moto.cloudwatch.models import cloudwatch_backends

    dimension, value = node.counted
    datum = {
        "MetricName": "CacheHits" if hit else "CacheMisses",
        "Value": 1,
        "Unit": "Count",
        "Timestamp": datetime.fromtimestamp(guest.now(), UTC).replace(tzinfo=None),
        "Dimensions": [{"Name": dimension, "Value": value}],
    }
    cloudwatch_backends[guest.ec2.account_id][guest.ec2.region_name].put_metric_data("AWS/ElastiCache", [datum])


def _of_redis_cli(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    left = list(arguments)
    while left and left[0].startswith("-"):
        name = left.pop(0)
        options[name] = left.pop(0) if name in ("-h", "-p", "-n", "--user", "--sni", "--cacert") and left else ""
    return options, left


def _begin(session: CacheSession, options: dict[str, str], password: str | None, done: Done) -> None:
    """What redis-cli sends by itself; it goes on where that is refused."""
    user = [options["--user"]] if "--user" in options else []
    steps = [["AUTH", *user, password]] if password is not None else []  # an empty one is sent as well
    steps += [["SELECT", options["-n"]]] if options.get("-n", "0") != "0" else []
    for words in steps:
        try:
            session.reply(words)
        except CacheError as refused:
            what = "AUTH" if words[0] == "AUTH" else f"SELECT {words[1]}"
            done.err += f"{what} failed: {refused}\n"


def _nc(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    """Send what is given to a node of Memcached, and tell what it answers."""
    at, port = [one for one in arguments if not one.startswith("-")][-2:]
    node = _reached(shell.machine, at, int(port))
    if node is None:
        return Done(err=f"nc: connect to {at} port {port} (tcp) failed: Connection timed out\n", code=1)
    lines = [line for asked in given.splitlines() for line in memcached_reply(node, asked)]
    return Done("".join(f"{one}\r\n" for one in lines))


def _aws(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    """Read a secret or a parameter, as far as the role of the instance may."""
    options = {one: two for one, two in pairwise(arguments) if one.startswith("--")}
    match list(arguments[:2]):
        case ["secretsmanager", "get-secret-value"]:
            return _read(shell.machine, "secretsmanager:GetSecretValue", _secret, options["--secret-id"])
        case ["ssm", "get-parameter"]:
            return _read(shell.machine, "ssm:GetParameter", _parameter, options["--name"])
    return Done(err="aws: error: argument command: Invalid choice\n", code=252)


def _read(guest: Any, action: str, find: Any, name: str) -> Done:
    from opsctl.sandbox.engine.callers import grants_of_role
    from opsctl.sandbox.engine.policies import PolicyDecision, PolicyQuestion

    operation = action.partition(":")[2]
    arn, value = find(guest.ec2.account_id, guest.ec2.region_name, name)
    association = guest.ec2.iam_instance_profile_associations.get(guest.instance.id)
    roles = association.iam_instance_profile.roles if association else ()
    asked = PolicyQuestion(action, arn or "*")
    if not any(grants_of_role(guest.ec2.account_id, one).judge(asked) is PolicyDecision.ALLOWED for one in roles):
        said = f"An error occurred (AccessDeniedException) when calling the {operation} operation: not authorized"
        return Done(err=f"{said}\n", code=254)
    if not arn:
        said = f"An error occurred (ResourceNotFoundException) when calling the {operation} operation: not found"
        return Done(err=f"{said}\n", code=254)
    return Done(f"{value}\n")


def _secret(account: str, region: str, name: str) -> tuple[str, str]:
    from moto.secretsmanager.models import secretsmanager_backends

    secrets = secretsmanager_backends[account][region].secrets
    found = next((one for one in secrets.values() if name in (one.arn, one.name)), None)
    if found is None:
        return "", ""
    return found.arn, found.versions[found.default_version_id].get("secret_string", "")


def _parameter(account: str, region: str, name: str) -> tuple[str, str]:
    from moto.ssm.models import ssm_backends

    backend = ssm_backends[account][region]
    found = backend.get_parameter(name.rpartition(":parameter")[2] if name.startswith("arn:") else name)
    if found is None:
        return "", ""
    arn = f"arn:aws:ssm:{region}:{account}:parameter/{found.name.lstrip('/')}"
    return arn, found.response_object(decrypt=True, region=region)["Value"]


def _installed(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    """Install packages whose programs are known here."""
    guest: Any = shell.machine
    for one in (one for one in arguments if not one.startswith("-") and one != "install"):
        if one not in PACKAGES:
            return Done(err=f"No match for argument: {one}\nError: Unable to find a match: {one}\n", code=1)
        guest.programs |= {name: _nc if name == "nc" else _redis_cli for name in PACKAGES[one]}
    return Done("Complete!\n")


CACHE_PROGRAMS: dict[str, Program] = {"aws": _aws, "apt-get": _installed, "dnf": _installed, "yum": _installed}
