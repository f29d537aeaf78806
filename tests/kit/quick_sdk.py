"""What the SDK works out for each call and each session, though the server of the tests does not look at it."""

from functools import lru_cache
from typing import Any

import botocore.auth
import botocore.hooks
import botocore.parsers
from botocore.exceptions import NoCredentialsError

_NAMED = "opsctl-named"
_ALIASES: dict[str, str] = {}
_made = botocore.hooks.EventAliaser.__init__


class Named(botocore.auth.SigV4Auth):  # type: ignore[misc] # the SDK has no types
    """Says whose key a request has, for which service of which region; nobody checks its signature."""

    def add_auth(self, request: Any) -> None:
        """Name the key, as a signed request does."""
        if self.credentials is None:
            raise NoCredentialsError
        request.context["timestamp"] = "20260101T000000Z"
        request.headers["X-Amz-Date"] = request.context["timestamp"]
        if self.credentials.token:
            request.headers["X-Amz-Security-Token"] = self.credentials.token
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.scope(request)}, SignedHeaders=host, Signature=0"
        )


botocore.auth.AUTH_TYPE_MAPS[_NAMED] = Named
# Most moments of an answer were in the last one as well.
botocore.parsers.DEFAULT_TIMESTAMP_PARSER = lru_cache(4096)(botocore.parsers.DEFAULT_TIMESTAMP_PARSER)


def _with_known_aliases(self: Any, emitter: Any, aliases: Any = None) -> None:
    """Every session has the same names of events, and every client works them out again."""
    _made(self, emitter, aliases)
    if self._event_aliases == botocore.hooks.EVENT_ALIASES:
        self._alias_name_cache = _ALIASES


botocore.hooks.EventAliaser.__init__ = _with_known_aliases


def name_keys(events: Any) -> None:
    """Let the clients of these events name their key instead of signing with it."""
    events.register_first("choose-signer", _chosen, unique_id=_NAMED)


def _chosen(signature_version: Any, **_: Any) -> str | None:
    return _NAMED if signature_version == "v4" else None
