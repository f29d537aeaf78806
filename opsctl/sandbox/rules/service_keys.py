"""Keys of AWS's own for queues and topics, which moto does not know.

Source: DescribeKey (KMS API: a predefined alias without a key gets one when it is described, managed by AWS).
"""

from collections.abc import Callable
from typing import Any

ALIASES = ("alias/aws/sqs", "alias/aws/sns")


def install() -> None:
    """Let the aliases lead to keys."""
    from moto.kms.models import KmsBackend

    KmsBackend.get_key_id_from_alias = _made(KmsBackend.get_key_id_from_alias)


def _made(method: Callable[..., str | None]) -> Callable[..., str | None]:
    def found(self: Any, alias_name: str) -> str | None:
        known = method(self, alias_name)
        if known is not None or alias_name not in ALIASES:
            return known
        key = self.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Default key", None)
        key.key_manager = "AWS"
        self.create_alias(key.id, alias_name)
        return str(key.id)

    return found
