"""Whatever user data holds, looking through it ends, and never by a fault."""

import gzip

from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.ha.checks.user_data_formats import makings_in
from opsctl.ha.checks.user_data_parts import parts_of

SHELL = st.text(alphabet="mkfs /dev/sdfx$(){}[]\"'`;|&<>\n\\#=-:", max_size=400)
PIECES = (
    *(
        "mkfs",
        "/dev/sdf",
        "$D",
        "D=/dev/sdf",
        "for d in",
        "; do",
        "fs_setup:",
        "\n",
        "  - device:",
        "#",
        "mdadm",
        "-C",
    ),
    *("<powershell>", "Format-Volume", "$(", ")", "${D:-", "}", "dd", "of=", "\\\n"),
)
WORDS = st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join)


@settings(max_examples=100)
@given(st.one_of(st.binary(max_size=400), SHELL.map(str.encode), WORDS.map(str.encode)))
def test_anything_is_looked_through_as_it_is_packed_and_in_parts(raw: bytes) -> None:
    mime = b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\n" + raw + b"\n--x--\n"
    for packed in (raw, gzip.compress(raw), gzip.compress(raw)[:20], mime):
        for part in parts_of(packed):
            for making in makings_in(part):
                assert making.by
                assert making.where


@settings(max_examples=50)
@given(WORDS)
def test_a_line_that_formats_is_found_whatever_stands_before_it(before: str) -> None:
    text = f"#!/bin/sh\n{before}\n\ntrue\nmkfs.xfs /dev/sdf\n"
    found = [making for part in parts_of(text.encode()) for making in makings_in(part)]
    assert any(each.by == "mkfs.xfs" and "/dev/sdf" in each.names for each in found)
