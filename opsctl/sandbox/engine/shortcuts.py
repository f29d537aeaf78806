"""Spares moto what it works out anew for every call, though it never changes while the sandbox runs."""

from collections.abc import Callable
from functools import lru_cache
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

from opsctl.sandbox.engine import answer_members
from opsctl.sandbox.engine.xml_answers import quickly

_ENOUGH = 512


def share_models() -> None:
    """Let the models of the SDK be read once: every session, and moto for every service, reads them by itself.

    moto begins to while it is imported.
    """
    import botocore.session
    from moto.core import utils

    for sdk in (botocore.session, utils):
        sdk.create_loader = lru_cache(1)(sdk.create_loader)


def install() -> None:
    """Let moto remember whose a host is, which actions a service has, and where the parts of its answers are."""
    from moto import backends
    from moto.core import responses, serialize
    from moto.ec2.models.core import TaggedEC2Resource
    from moto.ec2.models.instance_types import InstanceTypeBackend, InstanceTypeOfferingBackend
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication
    from moto.sqs import models as sqs

    # moto lists the folder of its own package, and then tries the patterns of all its services.
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    DomainDispatcherApplication.get_backend_for_host = lru_cache(_ENOUGH)(
        DomainDispatcherApplication.get_backend_for_host
    )
    # moto sorts all members of a class to see whether one of them has the action's name.
    responses.method_names_from_class = lru_cache(_ENOUGH)(responses.method_names_from_class)
    for module in (responses, sqs):
        module.camelcase_to_underscores = lru_cache(_ENOUGH)(module.camelcase_to_underscores)
    TaggedEC2Resource.get_tags = _own_tags
    # moto goes through 800 types, or 5,000 offers, for each question about one.
    InstanceTypeBackend.describe_instance_types = _remembered(InstanceTypeBackend.describe_instance_types)
    offers = InstanceTypeOfferingBackend.describe_instance_type_offerings
    InstanceTypeOfferingBackend.describe_instance_type_offerings = _remembered(offers)
    answer_members.install()
    serialize.xmltodict = SimpleNamespace(unparse=quickly(serialize.xmltodict.unparse))
    serialize.parse_to_aware_datetime = _aware(serialize.parse_to_aware_datetime)
    # moto draws each of the 52 letters by itself.
    responses.gen_amzn_requestid_long = _request_id


def _request_id(headers: dict[str, Any]) -> str:
    number: str = token_hex(26).upper()
    headers["x-amzn-requestid"] = number
    return number


def _remembered(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """What a region has of what never changes, by how it was asked for."""
    known: dict[str, list[Any]] = {}

    def answered(self: Any, *asked: Any, **more: Any) -> list[Any]:
        key = f"{self.region_name} {asked} {sorted(more.items())}"
        if key not in known:
            known[key] = original(self, *asked, **more)
        return list(known[key])

    return answered


def _own_tags(self: Any) -> list[dict[str, str]]:
    """A resource's own tags are kept under its id; moto looks through those of all resources, for each of them."""
    from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

    own = self.ec2_backend.tags.get(self.id) or {}
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.id), "") if own else ""
    return [
        {"resource_id": self.id, "key": key, "value": value, "resource_type": kind} for key, value in own.items()
    ]


def _aware(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A moment that is written down is the same whenever it is read."""
    remembered = lru_cache(_ENOUGH)(original)
    return lambda moment: remembered(moment) if isinstance(moment, str) else original(moment)
