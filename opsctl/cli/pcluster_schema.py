"""Asks ParallelCluster's own schema about a cluster's file, where the package `aws-parallelcluster` is installed.

In a process of its own, without credentials: the package imports much, sets up its own logging, and would call AWS
if it were asked for more than its schema.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.marked import MarkedNode, Path, dotted
from opsctl.model.value import Json, Value

PATIENCE_S = 120

_ASK = """
import importlib.metadata, json, sys
from pcluster.schemas.cluster_schema import ClusterSchema
faults = {}
try:
    ClusterSchema(cluster_name="checked").load(json.load(sys.stdin))
except Exception as fault:
    faults = getattr(fault, "messages", None) or [f"{type(fault).__name__}: {fault}"]
print(json.dumps([importlib.metadata.version("aws-parallelcluster"), faults], default=str))
"""


class SchemaAnswer(Value):
    """What the schema said: its version, empty where it could not be asked, and what it refuses."""

    version: str = ""
    refused: tuple[Diagnostic, ...] = ()


def installed() -> bool:
    """Tell whether the package can be asked; it is not imported."""
    return importlib.util.find_spec("pcluster") is not None


def ask_schema(root: MarkedNode, source: str, region: str, python: str = sys.executable) -> SchemaAnswer:
    """Have a file's values checked by the schema; `python` is the interpreter that has it."""
    try:
        done = subprocess.run(  # noqa: S603 - our own text, no shell
            [python, "-c", _ASK],
            input=json.dumps(root.value, default=str),
            env=_environment(region),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
        version, faults = json.loads(done.stdout.splitlines()[-1])
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return SchemaAnswer()
    refused = tuple(
        Diagnostic(
            code="schema", summary=f"{dotted(path) or 'the file'}: {said}", where=_where(root, path, source)
        )
        for path, said in _faults(faults, ())
    )
    return SchemaAnswer(version=str(version), refused=refused)


def _environment(region: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"AWS_DEFAULT_REGION": region or "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


def _faults(said: Json, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield what a nested answer says, by path; numbers of lists came through JSON as text."""
    if isinstance(said, dict):
        for key, below in said.items():
            step = int(key) if str(key).isdigit() else str(key)
            yield from _faults(below, path if key == "_schema" else (*path, step))
    elif isinstance(said, list):
        for one in said:
            yield from _faults(one, path)
    else:
        yield path, str(said)


def _where(root: MarkedNode, path: Path, source: str) -> Where:
    node = root.nearest(path)
    return Where(source=source, line=node.line, column=node.column)
