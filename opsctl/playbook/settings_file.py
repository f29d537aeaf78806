"""Reads the organisation's configuration file and files of inputs."""

from pathlib import Path

from pydantic import ValidationError

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput
from opsctl.model.networks import normal
from opsctl.model.run import Settings
from opsctl.model.value import Json
from opsctl.playbook.places import read_file
from opsctl.playbook.shape_faults import faults_of
from opsctl.playbook.yaml_tree import MAX_BYTES, Tree, read_tree


def load_settings(path: Path) -> Settings:
    """Load a configuration file: never_block, protected_accounts, max_changes, plan_expires_s.

    Raises:
        InvalidInput: with every fault found, each with file, line and column.
    """
    tree = _read(path)

    def place(part: str) -> tuple[int, int]:
        while part and part not in tree.lines:
            part = part.rpartition(".")[0]
        return tree.lines.get(part, (1, 1))

    try:
        settings = Settings.model_validate(tree.value)
    except ValidationError as error:
        raise InvalidInput(faults_of(error, Settings, str(path), place)) from None
    faults: list[Diagnostic] = []
    for number, address in enumerate(settings.never_block):
        try:
            normal(address)
        except ValueError as fault:
            line, column = place(f"never_block.{number}")
            where = Where(source=str(path), line=line, column=column)
            faults.append(Diagnostic(code="cidr", summary=str(fault), where=where, offending=address))
    if faults:
        raise InvalidInput(faults)
    return settings


def load_inputs(path: Path) -> dict[str, Json]:
    """Load a YAML or JSON file of inputs by name; raises InvalidInput."""
    value = _read(path).value
    if not isinstance(value, dict):
        raise InvalidInput.one("the file has to be a mapping of input names to values", source=str(path))
    return value


def _read(path: Path) -> Tree:
    data, _ = read_file(path, MAX_BYTES)
    tree = read_tree(data, str(path))
    if tree.faults:
        raise InvalidInput(tree.faults)
    return tree
