"""Errors of EC2 with a code of their own."""

from collections.abc import Callable
from typing import Any


def fault(code: str, message: str) -> Exception:
    """An error of EC2."""
    from moto.ec2.exceptions import EC2ClientError

    made: Exception = EC2ClientError(code, message)
    return made


def no_capacity(message: str) -> Exception:
    """EC2 has no room: a server error, with status 500 (EC2 API reference, server error codes)."""
    made = fault("InsufficientInstanceCapacity", message)
    made.opsctl_status = 500  # type: ignore[attr-defined]
    return made


def with_status(method: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """Answer an error with its own status, where it is not the one of moto for all of a service."""

    def serialized(self: Any, result: Any) -> tuple[Any, ...]:
        status, headers, body = method(self, result)
        return getattr(result.result, "opsctl_status", status), headers, body

    return serialized
