"""Builds SDK clients: the caller's own credential chain, our user agent, one client a service and region."""

import os
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    InvalidConfigError,
    InvalidRegionError,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.session import Session
from botocore.utils import get_environ_proxies, validate_region_name

from opsctl import __version__
from opsctl.aws.advice import CredentialSource, explained, profile_missing
from opsctl.aws.model_files import model_files
from opsctl.aws.role_cache import Ask, keep_role_sessions
from opsctl.aws.throttling import Throttling
from opsctl.aws.trust import refuse_unreadable
from opsctl.model.errors import InvalidInput, OpsctlError
from opsctl.model.value import Value

READ_ATTEMPTS = 6
_ROLE = re.compile(r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$")
_PROFILE = "--profile / AWS_PROFILE"
CONNECTIONS = 32
INVOCATION_S = 910


class Connection(Value):
    """How to reach the account; empty means the SDK's own chain decides."""

    profile: str = ""
    region: str = ""
    role_arn: str = ""
    endpoint_url: str = ""


class Clients:
    """SDK clients by service and region, made once; safe to use from several threads.

    Clients for reads retry as the SDK's standard mode does. Clients for writes never send twice: a repeated
    send would turn a lost answer into a conflict with ourselves.
    """

    def __init__(
        self,
        connection: Connection,
        run_id: str,
        ask: Ask = lambda _: None,
        throttling: Throttling | None = None,
    ) -> None:
        self._connection = connection
        self._throttling = throttling
        self._agent = f"opsctl/{__version__} run/{run_id}"
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, bool, bool], Any] = {}
        self._credentials: Any = None
        self._bundle_read = False
        _refuse_misspelt(connection)
        try:
            self._session = _session(connection)
            keep_role_sessions(self._session, ask, on_disk=not connection.endpoint_url)
        except ProfileNotFound as fault:
            raise profile_missing(fault.kwargs["profile"], _PROFILE, _profiles()) from None
        except BotoCoreError as fault:
            raise InvalidInput.one(str(fault), source=_PROFILE) from None

    @property
    def region(self) -> str:
        """The region of the run.

        Raises:
            InvalidInput: no region is configured anywhere.
        """
        region = self._session.get_config_variable("region")
        if not region:
            raise InvalidInput.one(
                "no AWS region is configured", source="--region / AWS_REGION", hint="add --region us-east-1"
            )
        try:
            validate_region_name(region)
        except InvalidRegionError as fault:
            raise InvalidInput.one(str(fault), source="--region / AWS_REGION") from None
        return str(region)

    @property
    def endpoint(self) -> str:
        """The endpoint that calls go to instead of AWS's own, or nothing.

        AWS's own are left out: two colleagues may reach the same account through different ones.
        """
        url = self._connection.endpoint_url or str(self.get("sts", None).meta.endpoint_url)
        host = urlsplit(url).hostname or ""
        return "" if host.endswith(self._suffixes()) else url

    def _suffixes(self) -> tuple[str, ...]:
        """The ends of the names of AWS's own hosts in every partition that the SDK knows."""
        known = [one["outputs"] for one in self._session.get_data("partitions")["partitions"]]
        return tuple(f".{one[name]}" for one in known for name in ("dnsSuffix", "dualStackDnsSuffix"))

    @property
    def agent(self) -> str:
        """The user agent of calls that do not go through the SDK."""
        return self._agent

    @property
    def bundle(self) -> tuple[str | bool, str]:
        """The CA bundle that the SDK chooses, in its order, or True for its own, and where it is configured."""
        # `botocore.session.create_client` asks for the first two, `botocore.endpoint` for the third.
        configured = self._session.get_config_variable("ca_bundle")
        if configured is not None:
            return configured, "AWS_CA_BUNDLE" if "AWS_CA_BUNDLE" in os.environ else "ca_bundle of the profile"
        return os.environ.get("REQUESTS_CA_BUNDLE", True), "REQUESTS_CA_BUNDLE"

    def proxies(self, url: str) -> dict[str, str]:
        """The proxies through which a URL is reached, by scheme; none when it is reached directly."""
        return dict(get_environ_proxies(url))

    def keys(self) -> tuple[str, str, str]:
        """Access key, secret key and session token of the moment; refreshed by the SDK when they expire.

        Raises:
            BotoCoreError: there are none, or they cannot be refreshed.
        """
        with self._lock:
            if self._credentials is None:
                self._credentials = self._session.get_credentials()
        if self._credentials is None:
            raise NoCredentialsError
        frozen = self._credentials.get_frozen_credentials()
        return frozen.access_key, frozen.secret_key, frozen.token or ""

    @property
    def origin(self) -> str:
        """Where the credentials are from, in the SDK's word, and by which profile."""
        profile = self._connection.profile or os.environ.get("AWS_PROFILE", "")
        return f"{self._credentials.method}{f', profile {profile}' if profile else ''}"

    def explained(self, fault: Exception, api: str, now: float) -> OpsctlError:
        """Return the error that says what is wrong with credentials, region or clock, and what helps."""
        core = self._session
        known = [region for one in core.get_data("partitions")["partitions"] for region in one["regions"]]
        source = CredentialSource(
            profile=self._connection.profile or os.environ.get("AWS_PROFILE", ""),
            region=str(self._session.get_config_variable("region") or ""),
            profiles=core.full_config.get("profiles", {}),
            regions=known,
            from_environment=not self._connection.profile and "AWS_ACCESS_KEY_ID" in os.environ,
        )
        return explained(fault, api, source, now)

    def get(self, service: str, region: str | None, *, writes: bool = False, waits: bool = False) -> Any:
        """Return the client of a service in a region, the run's by default; `waits` for a function to return."""
        key = (service, region or self.region, writes, waits)
        if key in self._made:  # not held up while another thread makes another one
            return self._made[key]
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(key[0], key[1], self._config(writes=writes, waits=waits))
            return self._made[key]

    def make(self, services: Iterable[str], *, until: Callable[[], bool]) -> None:
        """Make clients for reads in the run's region, in this order, `until` there is something better to do.

        One that cannot be made is passed over: whoever asks for it is told why.
        """
        for service in services:
            if until():
                return
            with suppress(BotoCoreError, InvalidInput):
                self.get(service, None)

    def _make(self, service: str, region: str, config: Config) -> Any:
        endpoint = self._connection.endpoint_url or None
        try:
            client = self._session.create_client(service, region_name=region, endpoint_url=endpoint, config=config)
        except (
            ValueError
        ) as fault:  # what the SDK raises for an endpoint that is no URL, wherever it is configured
            raise _bad_endpoint(str(fault)) from None
        except InvalidConfigError as fault:
            raise InvalidInput.one(str(fault), source="configuration of the SDK") from None
        if self._throttling is not None:
            self._throttling.hear(client)
        bundle, source = self.bundle
        if isinstance(bundle, str) and not self._bundle_read and str(client.meta.endpoint_url).startswith("https"):
            refuse_unreadable(bundle, source)
            self._bundle_read = True
        return client

    def _config(self, *, writes: bool, waits: bool) -> Config:
        attempts = 1 if writes else READ_ATTEMPTS
        return Config(
            user_agent_extra=self._agent,
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=5,
            # A function that is waited for may take a quarter of an hour.
            read_timeout=INVOCATION_S if waits else 30,
            tcp_keepalive=waits,
            max_pool_connections=CONNECTIONS,
        )


def _profiles() -> list[str]:
    """The profiles of the configuration files, whichever is asked for."""
    return list(Session().full_config.get("profiles", {}))


def _refuse_misspelt(connection: Connection) -> None:
    """Refuse an endpoint or a role that cannot be one, before anything is made of it; raises InvalidInput."""
    ignored = os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    configured = "" if ignored else os.environ.get("AWS_ENDPOINT_URL", "")
    endpoint = connection.endpoint_url or configured
    if endpoint:
        try:
            parts = urlsplit(endpoint)
            right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            right = False
        if not right:
            raise _bad_endpoint(f"{endpoint!r} is no URL of an endpoint")
    if connection.role_arn and not _ROLE.match(connection.role_arn):
        hint = "arn:aws:iam::123456789012:role/NAME"
        raise InvalidInput.one(f"{connection.role_arn!r} is no ARN of a role", source="--role-arn", hint=hint)


def _bad_endpoint(summary: str) -> InvalidInput:
    source = "--endpoint-url / AWS_ENDPOINT_URL"
    return InvalidInput.one(summary, source=source, hint="such as http://127.0.0.1:4566")


def _session(connection: Connection) -> Session:
    # botocore's and not boto3's, which is the same one with much around it that takes long to import.
    core = Session(profile=connection.profile or None)
    # The aws CLI and the other SDKs read AWS_REGION; botocore by itself only AWS_DEFAULT_REGION.
    region = connection.region or os.environ.get("AWS_REGION")
    if region:
        core.set_config_variable("region", region)
    core.register_component("data_loader", model_files(core.get_config_variable("data_path")))
    if not connection.role_arn:
        return core
    fetcher = AssumeRoleCredentialFetcher(
        # What is not for AWS itself may not ask AWS itself for the role.
        client_creator=partial(core.create_client, endpoint_url=connection.endpoint_url or None),
        source_credentials=core.get_credentials(),
        role_arn=connection.role_arn,
        extra_args={"RoleSessionName": "opsctl"},
    )
    core._credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return core
