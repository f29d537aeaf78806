"""Spares moto what it works out anew for every call, though it never changes while the sandbox runs."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

_ENOUGH = 512


def install() -> None:
    """Let moto remember whose a host is, which actions a service has, and where the parts of its answers are."""
    import botocore.session
    from moto import backends
    from moto.core import responses, utils
    from moto.core.serialize import XFormedAttributePicker
    from moto.ec2.models.core import TaggedEC2Resource
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
    # Every session, and moto for every service, lists and parses the SDK's models by itself.
    for sdk in (botocore.session, utils):
        sdk.create_loader = lru_cache(1)(sdk.create_loader)
    TaggedEC2Resource.get_tags = _own_tags
    XFormedAttributePicker.get_possible_keys = _remembered(XFormedAttributePicker.get_possible_keys)


def _own_tags(self: Any) -> list[dict[str, str]]:
    """A resource's own tags are kept under its id; moto looks through those of all resources, for each of them."""
    from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

    own = self.ec2_backend.tags.get(self.id) or {}
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.id), "") if own else ""
    return [
        {"resource_id": self.id, "key": key, "value": value, "resource_type": kind} for key, value in own.items()
    ]


def _remembered(method: Callable[[Any, Any], Iterable[str]]) -> Callable[[Any, Any], tuple[str, ...]]:
    """Under which names a member may be depends on its shape and on the class of what has it, and nothing else."""

    def keys(self: Any, context: Any) -> tuple[str, ...]:
        known = context.shape.__dict__.setdefault("opsctl_keys", {})
        asked = (type(context.obj), context.key)
        if asked not in known:
            known[asked] = tuple(dict.fromkeys(method(self, context)))
        found: tuple[str, ...] = known[asked]
        return found

    return keys
