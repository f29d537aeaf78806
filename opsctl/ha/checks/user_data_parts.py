"""Takes user data apart into the texts that a new instance runs: compressed, encoded, of several parts.

cloud-init's documentation, "User data formats": gzip, MIME multi-part, base64 (its EC2 source decodes once more);
`write_files` and scripts carry more of it in base64. Pure, and bounded whatever it is given.
"""

import base64
import binascii
import email
import re
import zlib
from collections.abc import Iterator
from email.message import Message

from opsctl.model.value import Value

GZIP = b"\x1f\x8b"
MOST_BYTES = 1 << 17
MOST_DEPTH = 6
MOST_PARTS = 100
_MIME = re.compile(rb"\A(?:MIME-Version|Content-Type):", re.IGNORECASE)
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_ENCODED_LINE = re.compile(r"\s*[A-Za-z0-9+/]{40,}={0,2}\s*")


class UserDataPart(Value):
    """One text, and where in the user data it stands; `sealed` says why it could not be read."""

    text: str
    where: str = ""
    sealed: str = ""


def parts_of(user_data: bytes) -> tuple[UserDataPart, ...]:
    """Return the texts in user data and those inside them; what cannot be opened is sealed, not left out."""
    found: list[UserDataPart] = []
    for part in _opened(user_data, "", 0):
        if len(found) == MOST_PARTS or sum(len(each.text) for each in found) > MOST_BYTES:
            found.append(UserDataPart(text="", sealed="more than can be looked through"))
            break
        found.append(part)
    return tuple(found)


def _opened(raw: bytes, where: str, depth: int) -> Iterator[UserDataPart]:
    if not raw.strip():
        return
    if depth > MOST_DEPTH:
        yield UserDataPart(text="", where=where, sealed="packed too often")
    elif raw.startswith(GZIP):
        yield from _inflated(raw, where, depth)
    elif _MIME.match(raw):
        yield from _of_message(email.message_from_bytes(raw), where, depth)
    else:
        yield from _text(raw, where, depth)


def _inflated(raw: bytes, where: str, depth: int) -> Iterator[UserDataPart]:
    try:
        opener = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        inside = opener.decompress(raw, MOST_BYTES)
    except zlib.error:
        yield UserDataPart(text="", where=where, sealed="gzip that does not open")
        return
    if not opener.eof:
        yield UserDataPart(
            text="", where=where, sealed=f"gzip that is cut off, or of more than {MOST_BYTES} bytes"
        )
    yield from _opened(inside, where, depth + 1)


def _of_message(message: Message, where: str, depth: int) -> Iterator[UserDataPart]:
    leaves = [one for one in message.walk() if not one.is_multipart()]
    for number, leaf in enumerate(leaves, 1):
        payload = leaf.get_payload(decode=True)
        inside = payload if isinstance(payload, bytes) else b""
        yield from _opened(inside, _within(where, f"part {number}" if len(leaves) > 1 else ""), depth + 1)


def _text(raw: bytes, where: str, depth: int) -> Iterator[UserDataPart]:
    whole = _decoded(raw.decode("ascii", errors="replace"))
    if whole is not None:
        yield from _opened(whole, where, depth + 1)
        return
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        if raw.count(0):
            yield UserDataPart(text="", where=where, sealed="not text")
            return
        text = raw.decode("latin-1")
    yield UserDataPart(text=text, where=where)
    for line, blob in _encoded_in(text):
        inside = _decoded(blob)
        if inside is not None:
            yield from _opened(inside, _within(where, f"encoded in line {line}"), depth + 1)


def _encoded_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield what may be base64 with its line; lines that are nothing else belong together."""
    begun, kept = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if _ENCODED_LINE.fullmatch(line):
            begun, kept = (begun or number), kept + line.strip()
            continue
        if kept:
            yield begun, kept + (line.strip() if _ENCODED.fullmatch(line.strip()) or _is_tail(line) else "")
            begun, kept = 0, ""
        for found in _ENCODED.findall(line):
            yield number, found
    if kept:
        yield begun, kept


def _is_tail(line: str) -> bool:
    return re.fullmatch(r"\s*[A-Za-z0-9+/]{1,39}={0,2}\s*", line) is not None


def _decoded(text: str) -> bytes | None:
    """Return what a text is in base64; None where it is none, or stands for nothing that is run."""
    packed = "".join(text.split())
    if len(packed) < 24 or len(packed) % 4 or not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", packed):
        return None
    try:
        inside = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return None
    if inside.startswith(GZIP):
        return inside
    try:
        told = inside.decode()
    except UnicodeDecodeError:
        return None
    return inside if all(each.isprintable() or each.isspace() for each in told) else None


def _within(where: str, more: str) -> str:
    return ", ".join(each for each in (where, more) if each)
