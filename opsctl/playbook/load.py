"""Loads a playbook: well-formed YAML of the language's shape, with the place of every part."""

import re
from pathlib import Path

from pydantic import ValidationError

from opsctl.model.commands import local_command
from opsctl.model.diagnostics import Diagnostic
from opsctl.model.errors import InvalidInput
from opsctl.model.playbook import LoadedPlaybook, Playbook
from opsctl.playbook.places import find_playbook, is_file, is_shipped, read_file
from opsctl.playbook.rules import rule_faults
from opsctl.playbook.shape_faults import faults_of
from opsctl.playbook.yaml_tree import MAX_BYTES, Tree, read_tree

MOST_PARTS = 5_000

_SHA256 = re.compile(r"[0-9a-f]{64}")


def load_playbook(name_or_path: str) -> LoadedPlaybook:
    """Load a shipped playbook by name, or a file by path.

    Raises:
        InvalidInput: with every fault found, each with file, line and column.
    """
    path, source = find_playbook(name_or_path)
    data, sha256 = read_file(path, MAX_BYTES)
    return parse_playbook(data, source, sha256).model_copy(update={"shipped": is_shipped(sha256, path.stem)})


def parse_playbook(data: bytes, source: str, sha256: str = "") -> LoadedPlaybook:
    """Parse the bytes of a playbook; raises InvalidInput with every fault found."""
    tree = read_tree(data, source)
    faults: list[Diagnostic] = list(tree.faults)
    if len(tree.lines) > MOST_PARTS:
        raise InvalidInput.one(
            f"{len(tree.lines):,} keys and items, at most {MOST_PARTS:,} are read", source=source
        )
    playbook = None if faults and tree.value is None else _shaped(tree, source, faults)
    if faults or playbook is None:
        raise InvalidInput(sorted(faults, key=lambda fault: (fault.where.line, fault.where.column)))
    loaded = LoadedPlaybook(playbook=playbook, sha256=sha256, source=source, lines=tree.lines)
    broken = rule_faults(loaded)
    if broken:
        raise InvalidInput(broken)
    return loaded


def sum_of(text: str) -> str:
    """Return the SHA-256 that is meant by one written out, or by a file.

    Raises:
        InvalidInput: it is neither.
    """
    bare = text.removeprefix("sha256:").lower()
    if _SHA256.fullmatch(bare):
        return bare
    path = Path(text)
    if not is_file(path):
        raise InvalidInput.one(
            f"{text!r} is neither a SHA-256 of 64 characters nor a file",
            source="--trust-reads",
            hint=f"{local_command('playbook', 'show', 'PLAYBOOK')} prints its SHA-256",
        )
    return read_file(path, MAX_BYTES)[1]


def _shaped(tree: Tree, source: str, faults: list[Diagnostic]) -> Playbook | None:
    try:
        return Playbook.model_validate(tree.value)
    except ValidationError as error:
        faults += faults_of(error, Playbook, source, tree.place)
        return None
