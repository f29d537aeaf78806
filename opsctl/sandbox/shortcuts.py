"""Spares moto what it works out anew for every call, though it never changes while the sandbox runs."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

_ENOUGH = 512


def install() -> None:
    """Let moto remember whose a host is, which actions a service has, and where the parts of its answers are."""
    from moto import backends
    from moto.core import responses
    from moto.core.serialize import XFormedAttributePicker
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    # moto lists the folder of its own package, and then tries the patterns of all its services.
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    DomainDispatcherApplication.get_backend_for_host = lru_cache(_ENOUGH)(
        DomainDispatcherApplication.get_backend_for_host
    )
    # moto sorts all members of a class to see whether one of them has the action's name.
    responses.method_names_from_class = lru_cache(_ENOUGH)(responses.method_names_from_class)
    XFormedAttributePicker.get_possible_keys = _remembered(XFormedAttributePicker.get_possible_keys)


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
