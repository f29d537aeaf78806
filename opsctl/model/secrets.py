"""Takes out of data what is to be kept secret, by the names that values stand under."""

import re
from functools import lru_cache

from opsctl.model.value import Json, all_texts

MASK = "(masked)"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET = {
    "password", "passwords", "passwd", "pwd", "passphrase", "secret", "secrets", "token", "tokens", "credential",
    "credentials",
}  # fmt: skip
_KEYS = {"access", "api", "auth", "preshared", "private", "secret", "shared", "signing", "stream"}
_ENDINGS = ("password", "passwd", "secret")
_SIGNED = {"signed", "presigned"}
# What is said about a secret, or where it is kept: SecretArn, PasswordLastUsed, TokenEndpoint.
_ABOUT = {
    "algorithm", "arn", "arns", "at", "count", "date", "days", "enabled", "endpoint", "expiration", "expires",
    "expiry", "from", "id", "ids", "length", "lifetime", "location", "mode", "name", "names", "policy", "provider",
    "required", "rotation", "scope", "source", "stages", "state", "status", "time", "type", "types", "units",
    "url", "used", "validity", "version", "versions",
}  # fmt: skip
# Tokens that open nothing: pages, locks, idempotency, and the instance metadata's HttpTokens setting.
_HARMLESS = {
    "backward", "change", "client", "conditional", "continuation", "creation", "forward", "http", "idempotency",
    "lock", "marker", "next", "page", "pagination", "request", "sequence", "update", "version",
}  # fmt: skip
_LINKS = {"link", "uri", "url"}
_IN_URL = re.compile(r"(://[^/@:\s]*:)[^/@\s]+@")
_NAMED = (
    ("Key", "Value"),
    ("key", "value"),
    ("Name", "Value"),
    ("name", "value"),
    ("ParameterKey", "ParameterValue"),
)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether a text that stands under this name is to be kept secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    if _SIGNED.intersection(words) and words[-1] in _LINKS:
        return True
    if not words or words[-1] in _ABOUT:
        return False
    for before, word in zip(["", *words], words, strict=False):
        if word in _SECRET and not (word.startswith("token") and before in _HARMLESS):
            return True
        if word in ("key", "keys") and before in _KEYS:
            return True
    joined = "".join(words)
    return joined.endswith(_ENDINGS) or joined in ("apikey", "accesskey", "privatekey", "secretkey", "authtoken")


def masked(value: Json, name: str = "") -> Json:
    """Return a value with every text replaced that stands under the name of a secret.

    Lists of a name and a value (tags, environment variables, parameters) count as names too, and the password of a
    URL is replaced wherever the URL stands.
    """
    if isinstance(value, dict):
        return _members(value)
    if isinstance(value, (list, tuple)):
        if all_texts(value) and not is_secret_name(name):
            return [_without_password(item) for item in value]
        return [masked(item, name) for item in value]
    if not isinstance(value, str) or not value:
        return value
    if is_secret_name(name):
        return MASK
    return _without_password(value)


def _without_password(text: str) -> str:
    return _IN_URL.sub(rf"\1{MASK}@", text) if "://" in text else text


def _members(value: dict[str, Json]) -> dict[str, Json]:
    told = {name: masked(item, name) for name, item in value.items()}
    for naming, holding in _NAMED:
        if isinstance(value.get(naming), str) and holding in told:
            told[holding] = masked(value[holding], value[naming])
    return told
