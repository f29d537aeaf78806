"""Reads a bus, and whether an API and a role of the wanted names stand in the way of an entry for it."""

import re
from typing import ClassVar

from pydantic import Field

from opsctl.events.archives import bus_name
from opsctl.events.entry_document import PATH, STAGE
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.actions.iam_role import get_role

_POOL = re.compile(r"arn:[\w-]+:cognito-idp:([\w-]+):(\d{12}):userpool/([\w-]+_[A-Za-z0-9]+)")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,44}")


class EventsEntryRead(Value):
    """A bus, the API that is to put events on it with its role, and what of these names is there already.

    `url` is where a request goes once the API is there; `taken` says which names something has.
    """

    bus: str
    arn: str
    api: str
    role: str
    role_arn: str
    trust: dict[str, Json]
    policy: dict[str, Json]
    ids: tuple[str, ...] = ()
    url: str = ""
    taken: tuple[str, ...] = ()


class EventsEntryFact(Fact):
    """Read a bus, and what an API that puts events on it would be called."""

    name: ClassVar[str] = "events.entry"
    Result: ClassVar[type[Value]] = EventsEntryRead
    services: ClassVar[tuple[str, ...]] = ("events", "apigateway", "iam")

    bus: str = Field(description="Name or ARN of the event bus.")
    api: str = Field("", description="Name of the API; empty: the name of the bus with -entry.")
    source: str = Field("", description="Source of the events.")
    user_pool: str = Field("", description="ARN of a Cognito user pool.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the bus, then APIs, role and user pool."""
        self._check(about)
        bus = bus_name(self.bus, about)
        (told,) = yield [Read(service="events", operation="DescribeEventBus", params={"Name": bus})]
        if told.refusal is not None:
            if told.refusal.kind is not RefusalKind.MISSING:
                raise FactUnknown(told.refusal)
            raise InvalidInput.one(f"there is no event bus {bus!r} in {about.region}", source="bus")
        api = self.api or re.sub(r"[^A-Za-z0-9._-]", "-", bus)[:38] + "-entry"
        role = f"{api}-puts-events"
        pool = [_pool(self.user_pool)] if self.user_pool else []
        reads = [Read(service="apigateway", operation="GetRestApis", params={}), get_role(role), *pool]
        apis, named, *pools = yield reads
        for one in (apis, named, *pools):
            if one.refusal is not None and one.refusal.kind is not RefusalKind.MISSING:
                raise FactUnknown(one.refusal)
        if any(one.refusal is not None for one in pools):
            raise InvalidInput.one(f"there is no user pool {self.user_pool}", source="user_pool")
        ids = [str(one["id"]) for one in (apis.value or {}).get("items") or [] if one.get("name") == api]
        arn = str(told.value["Arn"])
        taken = [f"API {api} ({one})" for one in ids] + ([f"role {role}"] if named.refusal is None else [])
        host = f"execute-api.{about.region}.{_domain(about.identity.partition)}"
        return EventsEntryRead(
            bus=bus,
            arn=arn,
            api=api,
            role=role,
            role_arn=f"arn:{about.identity.partition}:iam::{about.account}:role/{role}",
            trust=_statement("sts:AssumeRole", {"Principal": {"Service": "apigateway.amazonaws.com"}}),
            policy=_statement("events:PutEvents", {"Resource": arn}),
            ids=tuple(ids),
            url=f"https://{ids[0]}.{host}/{STAGE}{PATH}" if len(ids) == 1 else "",
            taken=tuple(taken),
        )

    def _check(self, about: Context) -> None:
        if "event-busv2/" in self.bus or "aws.partner/" in self.bus:
            hint = "take a bus with rules of your own; to a partner's bus the partner alone puts events"
            raise InvalidInput.one(f"{self.bus} takes no events from here", source="bus", hint=hint)
        if self.api and not _NAME.fullmatch(self.api):
            hint = "letters, digits, dots, hyphens and underscores, 44 at most: the role is called after it"
            raise InvalidInput.one(f"{self.api!r} is no name for the API", source="api", hint=hint)
        if self.source.lower().startswith("aws."):
            hint = "PutEvents refuses sources that begin with aws."
            raise InvalidInput.one(f"{self.source!r} is a source of AWS's own", source="source", hint=hint)
        if not self.user_pool:
            return
        found = _POOL.fullmatch(self.user_pool)
        if found is None or (found[1], found[2]) != (about.region, about.account):
            hint = "arn:aws:cognito-idp:REGION:ACCOUNT:userpool/ID, of this account and region"
            raise InvalidInput.one(f"{self.user_pool!r} is no user pool here", source="user_pool", hint=hint)


def _pool(arn: str) -> Read:
    params = {"UserPoolId": arn.rpartition("/")[2]}
    return Read(service="cognito-idp", operation="DescribeUserPool", params=params)


def _domain(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def _statement(action: str, about: dict[str, Json]) -> dict[str, Json]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **about}]}
