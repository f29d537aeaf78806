"""A moto account over HTTP with AWS's rules: one server a process, a new account number for each world."""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from opsctl.aws.account import CachedReader, LiveAccount
from opsctl.aws.clients import Clients, Connection
from opsctl.aws.sqs_wire import SqsWire
from opsctl.catalog import find_plugins
from opsctl.model.plan import Plan
from opsctl.model.playbook import LoadedPlaybook
from opsctl.model.readonly import NAMED_LIKE_A_READ, READS_BY_NAME
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Clock, Context, Identity
from opsctl.model.settings import Settings
from opsctl.model.value import Json
from opsctl.planning.inputs import parse_inputs
from opsctl.planning.planner import make_plan
from opsctl.playbook.load import load_playbook
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine import conditions
from opsctl.sandbox.engine.server import EmbeddedServer, credentials, sandbox_client
from opsctl.sandbox.rules import sqs_messages
from tests.kit.local_functions import LocalRunner
from tests.kit.ports import FakeClock
from tests.kit.quick_sdk import name_keys
from tests.kit.seeded import seed_account

KEY = "SBOXTESTKEYTESTKEY22"
"""The key of the tests' server."""
_ACCOUNTS = itertools.count(200_000_000_000)


class WatchedServer(EmbeddedServer):
    """The embedded server; a test may look at every call before it is carried out and after."""

    def __init__(self) -> None:
        super().__init__(key=KEY)
        # Hundreds of polls find nothing, since nobody sends meanwhile.
        sqs_messages.WAITED = 0.05
        self.calls: list[str] = []
        self.agents: set[str] = set()
        self.before: Callable[[str], None] | None = None
        self.after: Callable[[str], None] | None = None

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        api = _api_of(environ)
        self.calls.append(api)
        self.agents.add(environ.get("HTTP_USER_AGENT", ""))
        if self.before is not None:
            self.before(api)
        answer = super()._answer(environ, start_response)
        if self.after is not None:
            self.after(api)
        return answer

    def serve(self, events: Any) -> None:
        """Answer without a connection, and without a signature: the key alone is looked at."""
        super().serve(events)
        name_keys(events)

    def runner(self) -> LocalRunner:
        """Functions run in this process, where the clock is moved by hand for them too."""
        return LocalRunner(self.client)

    def mutations(self) -> list[str]:
        """The calls so far that may have changed something."""
        return [api for api in self.calls if not is_mutation_free(api)]


_POSTED_READS = ("distribution-tenants.POST", "distribution-tenants-by-customization.POST")
"""CloudFront lists tenants with a POST."""
_READS = {"GET", "HEAD", *(one.partition(".")[2] for one in READS_BY_NAME)}


def is_mutation_free(api: str) -> bool:
    """Tell whether a call as the server sees it only reads."""
    operation = api.rpartition(".")[2]
    return (
        not api or bool(NAMED_LIKE_A_READ.match(operation)) or operation in _READS or api.endswith(_POSTED_READS)
    )


def _api_of(environ: dict[str, Any]) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        service, _, operation = target.rpartition(".")
        return f"{'wafv2' if 'WAF' in service else service}.{operation}"
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        import io

        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return f"query.{parse_qs(body.decode()).get('Action', [''])[0]}"
    path = environ.get("PATH_INFO", "")
    if path.startswith("/opsctl-sandbox"):
        return ""
    return f"rest{path}.{environ.get('REQUEST_METHOD', '')}"


@lru_cache(maxsize=1)
def server() -> WatchedServer:
    """The one server of this process."""
    watched = WatchedServer()
    watched.start()
    return watched


@lru_cache(maxsize=64)
def client(service: str) -> Any:
    """A plain SDK client of the server."""
    return server().client(service)


def over_http(service: str) -> Any:
    """A client of the server that really connects."""
    return sandbox_client(server().endpoint, KEY, service)


@lru_cache(maxsize=1)
def _clients() -> Clients:
    made = Clients(Connection(region=REGION, endpoint_url=server().endpoint), "test-run")
    server().serve(made._session.get_component("event_emitter"))
    return made


def sqs_wire(region: str) -> SqsWire:
    """The fast way to SQS of the server."""
    return SqsWire(_clients(), region)


@lru_cache(maxsize=32)
def shipped(name: str) -> LoadedPlaybook:
    """A shipped playbook, read once."""
    return load_playbook(name)


class _OneByOne(CachedReader):
    """Here the answers come from this process, so that threads would only wait for each other."""

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Make those reads that were not made before, one after the other, and answer all in order."""
        new = self.known.claim(reads)
        self.rounds += bool(new)
        for read in new.values():
            self.known.ask(read, self._read)
        self.made += new.values()
        return [self.known.answer(read) for read in reads]


class World:
    """One account with what a test seeded into it."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.identity = Identity(
            account=account,
            arn=f"arn:aws:iam::{account}:user/responder",
            region=REGION,
            endpoint=server().endpoint,
        )
        self.clock: Clock = FakeClock()
        self.aws = LiveAccount(_clients(), self.identity, _ClockOf(self))
        self.registry = find_plugins()
        self._numbers = itertools.count(1)

    def about(self, settings: Settings | None = None) -> Context:
        """The context of the next run."""
        plan_id = f"20260101-0000{next(self._numbers):02d}-test"
        return Context(
            identity=self.identity, settings=settings or Settings(), plan_id=plan_id, now=self.clock.now()
        )

    def reader(self) -> CachedReader:
        """A reader that asks each thing once."""
        return _OneByOne(self.aws.read)

    def plan(
        self,
        playbook: str | LoadedPlaybook,
        inputs: dict[str, Json],
        overrides: tuple[str, ...] = (),
        settings: Settings | None = None,
    ) -> Plan:
        """Plan a playbook here."""
        loaded = shipped(playbook) if isinstance(playbook, str) else playbook
        return make_plan(
            loaded,
            parse_inputs(loaded.playbook.inputs, inputs, source={}),
            about=self.about(settings),
            reader=self.reader(),
            registry=self.registry,
            overrides=overrides,
            now=self.clock.now(),
        )


class _ClockOf:
    """The clock that a world has at the moment; a test may give it another."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._world.clock.now()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._world.clock.sleep(seconds)


@contextmanager
def fresh_world(*seeds: Callable[[Callable[[str], Any]], object]) -> Iterator[World]:
    """Give a new account number, seeded; nothing of other worlds is in it."""
    account = str(next(_ACCOUNTS))
    kept = {name: os.environ.get(name) for name in ("MOTO_ACCOUNT_ID", *_KEYS)}
    os.environ |= {"MOTO_ACCOUNT_ID": account, **_KEYS}
    try:
        seed_account(account, seeds, client)
        yield World(account)
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _forget(account)


def _forget(account: str) -> None:
    """Let go of an account that nobody looks at any more.

    A run makes thousands, of some megabytes each, and moto goes through the list of them at every call. It has a
    list of every object it ever made besides, for its dashboard.
    """
    from moto.core.base_backend import BackendDict
    from moto.core.model_instances import reset_model_data

    for backends in list(BackendDict._instances):
        _forget_buckets(backends, account)
        backends.pop(account, None)
    reset_model_data()
    conditions._KNOWN.pop(account, None)


_KEYS = {name.upper(): value for name, value in credentials(KEY).items()}


_NEW_EACH_TIME = ("SecurityGroupRuleId", "SecurityGroupRuleArn")


def state() -> dict[str, Json]:
    """Everything a block or a lock may change, normalised: what filters, what it is attached to, distributions."""
    ec2, wafv2, cloudfront = client("ec2"), client("wafv2"), client("cloudfront")
    found: dict[str, Json] = {
        acl["NetworkAclId"]: [
            sorted(str(sorted(entry.items())) for entry in acl["Entries"]),
            sorted(map(str, acl.get("Tags", []))),
        ]
        for acl in ec2.describe_network_acls()["NetworkAcls"]
    }
    found["security groups"] = sorted(
        str(sorted((name, str(value)) for name, value in rule.items() if name not in _NEW_EACH_TIME))
        for rule in ec2.describe_security_group_rules()["SecurityGroupRules"]
    )
    for scope in ("REGIONAL", "CLOUDFRONT"):
        for one in wafv2.list_ip_sets(Scope=scope)["IPSets"]:
            key = {"Name": one["Name"], "Scope": scope, "Id": one["Id"]}
            tags = wafv2.list_tags_for_resource(ResourceARN=one["ARN"])["TagInfoForResource"]["TagList"]
            found[one["Name"]] = [sorted(wafv2.get_ip_set(**key)["IPSet"]["Addresses"]), sorted(map(str, tags))]
        for one in wafv2.list_web_acls(Scope=scope)["WebACLs"]:
            key = {"Name": one["Name"], "Scope": scope, "Id": one["Id"]}
            acl = wafv2.get_web_acl(**key)["WebACL"]
            rules = sorted(str(rule) for rule in acl["Rules"])
            found[f"{scope} {one['Name']}"] = [rules, acl["DefaultAction"], acl.get("Description", "")]
    for balancer in client("elbv2").describe_load_balancers()["LoadBalancers"]:
        if balancer["Type"] == "application":
            arn = balancer["LoadBalancerArn"]
            web_acl = wafv2.get_web_acl_for_resource(ResourceArn=arn).get("WebACL") or {}
            found[arn] = web_acl.get("Name", "")
    for summary in cloudfront.list_distributions()["DistributionList"].get("Items", []):
        config = cloudfront.get_distribution_config(Id=summary["Id"])["DistributionConfig"]
        geo = config["Restrictions"]["GeoRestriction"]
        found[summary["Id"]] = [
            config.get("WebACLId", ""),
            geo["RestrictionType"],
            sorted(geo.get("Items") or []),
            sorted(name for name in config if config[name] not in (None, "", {"Quantity": 0})),
        ]
    for tenant in cloudfront.list_distribution_tenants()["DistributionTenantList"]:
        found[tenant["Id"]] = [tenant["Customizations"], tenant["Domains"], tenant["Enabled"]]
    return found


def _forget_buckets(backends: Any, account: str) -> None:
    """S3 keeps whose a bucket's name is beside the accounts, and each object in a file that has to be closed."""
    owners = getattr(backends, "bucket_accounts", {})
    names = [name for name, (_, owner) in owners.items() if owner == account]
    if names and account in backends:
        for one in backends[account].values():
            one.reset()
    for name in names:
        owners.pop(name, None)
