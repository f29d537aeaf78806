"""Spares moto what it works out anew for every call, though it never changes while the sandbox runs."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

_ENOUGH = 512


def install() -> None:
    """Let moto remember whose a host is, which actions a service has, and where the parts of its answers are."""
    import botocore.session
    from moto import backends
    from moto.core import responses, utils
    from moto.core.serialize import ResponseSerializer
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
    ResponseSerializer.get_value = _picked(ResponseSerializer.get_value)


def _own_tags(self: Any) -> list[dict[str, str]]:
    """A resource's own tags are kept under its id; moto looks through those of all resources, for each of them."""
    from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

    own = self.ec2_backend.tags.get(self.id) or {}
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.id), "") if own else ""
    return [
        {"resource_id": self.id, "key": key, "value": value, "resource_type": kind} for key, value in own.items()
    ]


def _picked(original: Callable[..., Any]) -> Callable[..., Any]:
    """Where a member of an answer is depends on its shape and on the class of what has it, and nothing else.

    moto works out the names it may have, and looks through all that is to be made of values, for each member.
    """
    from moto.core.serialize import MISSING, AttributePickerContext, XFormedAttributePicker
    from moto.core.utils import get_value

    transforming: dict[int, tuple[Any, dict[str, Any]]] = {}

    def transform(transformers: dict[str, Any], path: str) -> Any:
        # The transformers are kept too, so that no others get their number.
        _, known = transforming.setdefault(id(transformers), (transformers, {}))
        if path not in known:
            known[path] = next((one for end, one in transformers.items() if path.endswith(end)), None)
        return known[path]

    def picked(self: Any, value: Any, key: str, shape: Any) -> Any:
        picker = self._value_picker
        if type(picker) is not XFormedAttributePicker:
            return original(self, value, key, shape)
        known = shape.__dict__.setdefault("opsctl_keys", {})
        asked = (type(value), key)
        if asked not in known:
            model = self.operation_model
            about = AttributePickerContext(value, key, shape, model, model.service_model, ".".join(self.path))
            known[asked] = tuple(dict.fromkeys(picker.get_possible_keys(about)))
        for name in known[asked]:
            found = get_value(value, name)
            if found is not MISSING:
                break
        else:
            found = None
        changed = picker.response_transformers
        change = transform(changed, ".".join((*self.path, key))) if changed else None
        return found if change is None else change(found)

    return picked
