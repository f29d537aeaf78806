"""Reads the configuration files in use, and files of inputs."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from opsctl.model.diagnostics import Diagnostic
from opsctl.model.errors import InvalidInput
from opsctl.model.networks import normal
from opsctl.model.settings import Adds, Keys, Settings, SettingsFile, added_up, rule_of
from opsctl.model.value import Json
from opsctl.playbook.places import read_file
from opsctl.playbook.shape_faults import faults_of

if TYPE_CHECKING:
    # Imported where used: YAML takes long, and whoever has no configuration needs none of it.
    from opsctl.playbook.yaml_tree import Tree

_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
_WEBHOOK = re.compile(
    r"(https://([^\s/:\[\]]+|\[[0-9a-fA-F:.]+\])|http://(localhost|127(\.[0-9]{1,3}){3}|\[::1\]))(:[0-9]{1,5})?(/\S*)?"
)


def load_settings(named: Path | None, own: Path, directory: Path) -> Settings:
    """Load the user's own configuration files and the directory's, those that exist, and add them up.

    `named` is a file of the user's that has to exist.

    Raises:
        InvalidInput: with every fault found in any of them, each with file, line and column.
    """
    found: list[SettingsFile] = []
    faults: list[Diagnostic] = []
    candidates = [(named, True)] if named else []
    for path, is_own in (*candidates, (own, True), (directory, False)):
        try:
            if not (path is named or _exists(path)) or any(path.samefile(known.path) for known in found):
                continue
            found.append(SettingsFile(path=str(path.absolute()), own=is_own, keys=_keys(path, own=is_own)))
        except InvalidInput as invalid:
            faults += invalid.diagnostics
    if faults:
        raise InvalidInput(faults)
    return added_up(found)


def _exists(path: Path) -> bool:
    """Tell whether there is such a file; one that cannot be looked at is a fault, for it may forbid something."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as fault:
        raise InvalidInput.one(f"{path} cannot be read: {fault.strerror}", source=str(path)) from None
    return True


def _keys(path: Path, *, own: bool) -> Keys:
    if _exists(path) and not path.is_file():
        raise InvalidInput.one("the configuration has to be a regular file", source=str(path))
    try:
        tree = _read(path)
    except InvalidInput as invalid:
        if [fault.code for fault in invalid.diagnostics] == ["empty"]:
            return Keys()
        raise
    try:
        keys = Keys.model_validate(tree.value)
    except ValidationError as error:
        raise InvalidInput([_discreet(one) for one in faults_of(error, Keys, str(path), tree.place)]) from None
    faults = [
        *(_no_destination(path, tree, number, one.get_secret_value()) for number, one in enumerate(keys.notify)),
        *(
            _no_network(path, tree, f"{key}.{number}", text)
            for key in ("never_block", "proxy_ranges")
            for number, text in enumerate(getattr(keys, key))
        ),
        *(_not_own(path, tree, key) for key in keys.model_fields_set if not own and rule_of(key) is Adds.OWN),
    ]
    broken = [fault for fault in faults if fault is not None]
    if broken:
        raise InvalidInput(broken)
    return keys


def _discreet(fault: Diagnostic) -> Diagnostic:
    """Leave out what was written for `notify`: it may be a webhook, whose URL is a secret."""
    return fault.model_copy(update={"offending": ""}) if fault.summary.startswith("notify") else fault


def _no_destination(path: Path, tree: "Tree", number: int, text: str) -> Diagnostic | None:
    if _TOPIC.fullmatch(text) or (_WEBHOOK.fullmatch(text) and text.isprintable()):
        return None
    said = "the ARN of a standard SNS topic is needed, or the https URL of a webhook (http on this machine)"
    return Diagnostic(code="notify", summary=said, where=tree.where(f"notify.{number}", str(path)))


def _no_network(path: Path, tree: "Tree", place: str, text: str) -> Diagnostic | None:
    try:
        normal(text)
    except ValueError as fault:
        where = tree.where(place, str(path))
        return Diagnostic(code="cidr", summary=str(fault), where=where, offending=text)
    return None


def _not_own(path: Path, tree: "Tree", key: str) -> Diagnostic:
    return Diagnostic(
        code="not-own",
        summary=f"{key} is only for your own configuration, not for a directory's",
        where=tree.where(key, str(path)),
        hint="write it into $XDG_CONFIG_HOME/opsctl/config.yaml, or name a file of yours with OPSCTL_CONFIG",
    )


def load_inputs(path: Path) -> dict[str, Json]:
    """Load a YAML or JSON file of inputs by name; raises InvalidInput."""
    value = _read(path).value
    if not isinstance(value, dict):
        raise InvalidInput.one("the file has to be a mapping of input names to values", source=str(path))
    return value


def _read(path: Path) -> "Tree":
    from opsctl.playbook.yaml_tree import MAX_BYTES, read_tree

    data, _ = read_file(path, MAX_BYTES)
    tree = read_tree(data, str(path))
    if tree.faults:
        raise InvalidInput(tree.faults)
    return tree
