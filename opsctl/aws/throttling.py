"""Tells whoever waits that AWS throttles: the SDK asks again by itself, for minutes, and says nothing."""

import threading
from collections.abc import Callable
from typing import Any

from opsctl.aws.translate import kind_of
from opsctl.model.reads import RefusalKind

TOLD_EVERY_S = 5.0


class Throttling:
    """Hears every answer before the SDK decides whether to ask again; used from several threads."""

    def __init__(self, tell: Callable[[str], None], now: Callable[[], float]) -> None:
        """Begin to count; what is told is a line of progress, once in a few seconds at most."""
        self._tell = tell
        self._now = now
        self._lock = threading.Lock()
        self._times = 0
        self._told_at = -TOLD_EVERY_S

    def hear(self, client: Any) -> None:
        """Hear the answers that a client gets."""
        client.meta.events.register("needs-retry", self._answered)

    def _answered(self, *, response: Any, operation: Any, **_more: object) -> None:
        """Look at one answer; the SDK takes what a handler returns for the seconds to wait."""
        if response is None:
            return
        http, parsed = response
        code = str(parsed.get("Error", {}).get("Code", ""))
        if http.status_code < 400 or kind_of(code, http.status_code) is not RefusalKind.THROTTLED:
            return
        with self._lock:
            self._times += 1
            now = self._now()
            due = now - self._told_at >= TOLD_EVERY_S
            self._told_at = now if due else self._told_at
            times = self._times
        if due:
            api = f"{operation.service_model.service_name}.{operation.name}"
            said = f"{times} time{'s' if times != 1 else ''} so far"
            self._tell(f"AWS throttles {api} ({code}, {said}): waiting, and asking again")
