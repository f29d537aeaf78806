"""What is installed, and how: the name, the lock, the image, and the Pythons that are said to do."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from opsctl import DISTRIBUTION

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; [^\\]+)? \\$")


def locked() -> dict[str, tuple[str, list[str]]]:
    """Every package of the lock: its version and its hashes."""
    found: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for line in Path("requirements.lock").read_text(encoding="utf-8").splitlines():
        if pinned := LOCKED.match(line):
            name = canonicalize_name(pinned[1])
            found[name] = (pinned[2], [])
        elif "--hash=" in line:
            found[name][1].append(line.strip().removesuffix(" \\"))
        else:
            assert line.lstrip().startswith("#"), line
    return found


def test_everything_in_the_lock_is_pinned_and_hashed() -> None:
    assert len(locked()) > 10
    for name, (_, hashes) in locked().items():
        assert hashes, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), name


def test_the_lock_has_what_the_project_depends_on_in_versions_that_it_takes() -> None:
    for text in PROJECT["dependencies"]:
        wanted = Requirement(text)
        version, _ = locked()[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{text}, and {version} is locked: make requirements.lock anew"


def test_the_lock_has_what_those_depend_on_as_well() -> None:
    for name in locked():
        try:
            needs = requires(name) or []
        except PackageNotFoundError:  # for another system than this one
            continue
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert canonicalize_name(need.name) in locked(), f"{name} needs {need.name}"


def test_every_text_that_installs_opsctl_installs_ours() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    texts = [*Path("docs").rglob("*.md"), Path("README.md"), Path("CHANGELOG.md"), *Path("opsctl").rglob("*.py")]
    theirs = re.compile(r"(?:pip|pipx|uv tool|uv pip) install [^\n`]*(?<![\w./-])opsctl(?:\[|['\"`\s]|$)")
    said = {str(path): theirs.findall(path.read_text(encoding="utf-8")) for path in texts}
    # Two pages say what not to install.
    assert [path for path, found in said.items() if found] == ["docs/installing.md", "README.md"]


def test_every_text_that_depends_on_opsctl_depends_on_ours() -> None:
    texts = [*Path("docs").rglob("*.md"), Path("README.md"), *Path("opsctl").rglob("*.py")]
    asked = re.compile(r"^ *dependencies *= *\[(.*)\]", re.MULTILINE)
    found = [line for path in texts for line in asked.findall(path.read_text(encoding="utf-8"))]
    quoted = [name for line in found for name in re.findall(r'"([^"]+)"', line)]
    needs = [canonicalize_name(Requirement(name).name) for name in quoted]
    assert DISTRIBUTION in needs
    assert "opsctl" not in needs


def test_the_image_is_built_of_files_that_are_there_and_runs_as_nobody_special() -> None:
    lines = Path("Dockerfile").read_text(encoding="utf-8").splitlines()
    let_in = {
        line[1:] for line in Path(".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"
    }
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    sources = {one for names in copied for one in names}
    assert sources == let_in
    assert [one for one in sources if not Path(one).exists()] == []
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["10001"]
    installs = [line for line in lines if "pip install" in line]
    assert ["--require-hashes" in line or "--no-deps" in line for line in installs] == [True, True]


@pytest.mark.parametrize("where", ["classifiers", "lock-and-types"])
def test_the_gate_runs_on_each_python_that_is_said_to_do(where: str) -> None:
    workflow = yaml.safe_load(Path(".github/workflows/ci.yml").read_text(encoding="utf-8"))
    tried = workflow["jobs"]["gate"]["strategy"]["matrix"]["python"]
    if where == "classifiers":
        named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if ":: Python ::" in one]
        assert named == tried
    else:
        assert PROJECT["requires-python"] == f">={tried[0]}"
