"""Fetches a public file over https, whole and within bounds, when somebody asked for it."""

import http.client
import time
import urllib.error
import urllib.request
from typing import Any

from opsctl.model.errors import OpsctlError

TIMEOUT_S = 20
WHOLE_S = 120
_PIECE = 65_536


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Leave the redirect as the answer: only the URL that was named is asked."""


def download(url: str, at_most: int) -> bytes:
    """Return what stands at an https URL; the environment's proxy is used, no redirect is followed.

    Raises:
        OpsctlError: there is no answer, it is a refusal, or it has more than `at_most` bytes.
    """
    if not url.startswith("https://"):
        raise _failed(url, "it is not https")
    request = urllib.request.Request(url, headers={"User-Agent": "opsctl"})  # noqa: S310 - the scheme was checked
    try:
        with urllib.request.build_opener(_Stay()).open(request, timeout=TIMEOUT_S) as answer:
            return _whole(answer, url, at_most)
    except urllib.error.HTTPError as answer:
        answer.close()
        raise _failed(url, f"status {answer.code}") from None
    except urllib.error.URLError as fault:
        raise _failed(url, str(fault.reason)) from None
    except (OSError, http.client.HTTPException) as fault:
        raise _failed(url, str(fault) or type(fault).__name__) from None


def _whole(answer: Any, url: str, at_most: int) -> bytes:
    pieces: list[bytes] = []
    size, until = 0, time.monotonic() + WHOLE_S
    while piece := answer.read(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > at_most:
            raise _failed(url, f"it has more than {at_most:,} bytes")
        if time.monotonic() > until:
            raise _failed(url, f"it was not whole after {WHOLE_S} s")
    return b"".join(pieces)


def _failed(url: str, why: str) -> OpsctlError:
    return OpsctlError(
        f"{url} could not be fetched: {why}", "the copy that is here is still used; try again later"
    )
