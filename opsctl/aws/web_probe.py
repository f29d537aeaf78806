"""Asks one URL once: whether a service answers, for a drill that measures when it does again."""

import http.client
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_S = 4


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: only the URL that was named is ever asked."""

    def redirect_request(self, *_: Any) -> None:
        """Leave the redirect as the answer."""


def probe(url: str) -> str:
    """Return why the answer of a URL is not good, or nothing: any status below 400 is good.

    No proxy, redirect or credentials are used, and of the answer only the status is looked at.
    """
    if not url.startswith(("http://", "https://")):
        return "only http and https can be probed"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())
    request = urllib.request.Request(url, headers={"User-Agent": "opsctl-drill"})  # noqa: S310 - the scheme was checked
    try:
        with opener.open(request, timeout=TIMEOUT_S):
            return ""
    except urllib.error.HTTPError as answer:
        answer.close()
        return "" if answer.code < 400 else f"status {answer.code}"
    except urllib.error.URLError as fault:
        return f"no answer: {fault.reason}"
    except (OSError, http.client.HTTPException, ValueError) as fault:
        return f"no answer: {fault or type(fault).__name__}"
