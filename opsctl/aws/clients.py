"""Builds SDK clients: the caller's own credential chain, our user agent, one client a service and region."""

import os
import re
import threading
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.session import Session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, InvalidRegionError, NoCredentialsError
from botocore.utils import get_environ_proxies, validate_region_name

from opsctl import __version__
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Value

READ_ATTEMPTS = 6
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_ROLE = re.compile(r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$")
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

    def __init__(self, connection: Connection, run_id: str) -> None:
        self._connection = connection
        self._agent = f"opsctl/{__version__} run/{run_id}"
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, bool, bool], Any] = {}
        self._credentials: Any = None
        _refuse_misspelt(connection)
        try:
            self._session = _session(connection)
        except BotoCoreError as fault:
            raise InvalidInput.one(str(fault), source="--profile / AWS_PROFILE") from None

    @property
    def region(self) -> str:
        """The region of the run.

        Raises:
            InvalidInput: no region is configured anywhere.
        """
        region = self._session.region_name
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
        return "" if host.endswith(_AWS_HOSTS) else url

    @property
    def agent(self) -> str:
        """The user agent of calls that do not go through the SDK."""
        return self._agent

    @property
    def verify(self) -> str | bool:
        """The CA bundle configured for the SDK, or True for its own."""
        bundle = self._session._session.get_config_variable("ca_bundle")
        return str(bundle) if bundle else True

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

    def get(self, service: str, region: str | None, *, writes: bool = False, waits: bool = False) -> Any:
        """Return the client of a service in a region, the run's by default; `waits` for a function to return."""
        key = (service, region or self.region, writes, waits)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(key[0], key[1], self._config(writes=writes, waits=waits))
            return self._made[key]

    def _make(self, service: str, region: str, config: Config) -> Any:
        endpoint = self._connection.endpoint_url or None
        try:
            return self._session.client(service, region_name=region, endpoint_url=endpoint, config=config)
        except (
            ValueError
        ) as fault:  # what the SDK raises for an endpoint that is no URL, wherever it is configured
            raise _bad_endpoint(str(fault)) from None

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


def _refuse_misspelt(connection: Connection) -> None:
    """Refuse an endpoint or a role that cannot be one, before anything is made of it; raises InvalidInput."""
    if connection.endpoint_url:
        try:
            parts = urlsplit(connection.endpoint_url)
            right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            right = False
        if not right:
            raise _bad_endpoint(f"{connection.endpoint_url!r} is no URL of an endpoint")
    if connection.role_arn and not _ROLE.match(connection.role_arn):
        hint = "arn:aws:iam::123456789012:role/NAME"
        raise InvalidInput.one(f"{connection.role_arn!r} is no ARN of a role", source="--role-arn", hint=hint)


def _bad_endpoint(summary: str) -> InvalidInput:
    source = "--endpoint-url / AWS_ENDPOINT_URL"
    return InvalidInput.one(summary, source=source, hint="such as http://127.0.0.1:4566")


def _session(connection: Connection) -> Session:
    # The aws CLI and the other SDKs read AWS_REGION; boto3 by itself only AWS_DEFAULT_REGION.
    region = connection.region or os.environ.get("AWS_REGION") or None
    session = boto3.Session(profile_name=connection.profile or None, region_name=region)
    if not connection.role_arn:
        return session
    core = session._session
    fetcher = AssumeRoleCredentialFetcher(
        # What is not for AWS itself may not ask AWS itself for the role.
        client_creator=partial(core.create_client, endpoint_url=connection.endpoint_url or None),
        source_credentials=session.get_credentials(),
        role_arn=connection.role_arn,
        extra_args={"RoleSessionName": "opsctl"},
    )
    core._credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return session
