"""`opsctl tune pcluster` as it is typed: looks, mends, keeps what was, and says where a bad file is bad."""

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from opsctl.cli import edited_files
from opsctl.cli.pcluster_schema import ask_schema
from opsctl.model.errors import Drifted
from tests.kit.command import opsctl
from tests.kit.moto_account import fresh_world
from tests.tune.pcluster.files import BLOCK, QUEUES, read
from tests.tune.pcluster.test_legacy import QUEUES as LEGACY

CALLS_NOTHING = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def cluster(home: Path, text: str, *argv: str) -> subprocess.CompletedProcess[str]:
    path = home / "cluster.yaml"
    path.write_bytes(text.encode())
    return opsctl(home, "tune", "pcluster", "cluster.yaml", *argv, **CALLS_NOTHING)


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)["result"]
    return found


def test_it_looks_and_writes_nothing(tmp_path: Path) -> None:
    done = cluster(tmp_path, BLOCK)
    assert done.returncode == 2, done.stderr
    assert (tmp_path / "cluster.yaml").read_text() == BLOCK
    assert [one.name for one in tmp_path.glob("cluster*")] == ["cluster.yaml"]
    for line in ("error   placement-group-implicit  cluster.yaml:", "+        PlacementGroup:", "--write makes"):
        assert line in done.stdout


def test_written_it_is_mended_as_a_whole_and_can_be_taken_back(tmp_path: Path) -> None:
    text = BLOCK.replace("\n", "\r\n")
    done = cluster(tmp_path, text, "--write", "-o", "json")
    assert done.returncode == 0, done.stderr
    path, found = tmp_path / "cluster.yaml", result(done)
    assert b"PlacementGroup:\r\n          Enabled: true\r\n" in path.read_bytes()
    assert found["written"] is True
    assert Path(found["backup"]).read_bytes() == text.encode()
    subprocess.run(["sh", "-c", found["undo"]], check=True)
    assert path.read_bytes() == text.encode()
    assert [one.name for one in tmp_path.glob("*cluster*")] == ["cluster.yaml"]


def test_the_command_that_takes_it_back_stands_on_one_line_of_a_narrow_terminal(tmp_path: Path) -> None:
    path = tmp_path / ("cluster-of-" + "genomics-" * 6 + "team.yaml")
    path.write_text(BLOCK)
    done = opsctl(tmp_path, "tune", "pcluster", str(path), "--write", **CALLS_NOTHING, COLUMNS="80")
    (undo,) = (line for line in done.stdout.splitlines() if line.startswith("undo: "))
    assert undo == f"undo: mv {path}.bak {path}"


def test_a_backup_is_never_replaced_and_mode_and_link_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text(BLOCK)
    real.chmod(0o640)
    (tmp_path / "real.yaml.bak").write_text("of last year")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    done = opsctl(tmp_path, "tune", "pcluster", "link.yaml", "--write", **CALLS_NOTHING)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "link.yaml").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert (tmp_path / "real.yaml.bak").read_text() == "of last year"
    assert (tmp_path / "real.yaml.bak1").read_text() == BLOCK


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text("new of theirs\n")
    with pytest.raises(Drifted):
        edited_files.replace_text(path, "old\n", "new of ours\n")
    assert path.read_text() == "new of theirs\n"
    assert [one.name for one in tmp_path.iterdir()] == ["cluster.yaml"]


def test_ec2_is_asked_where_that_is_wanted_and_efa_comes_on(tmp_path: Path) -> None:
    with fresh_world():
        (tmp_path / "cluster.yaml").write_text(BLOCK.replace("Enabled: true", "Enabled: false"))
        argv = ("tune", "pcluster", "cluster.yaml", "--look-up", "--efa", "hpc", "--write", "-o", "json")
        done = opsctl(tmp_path, *argv)
    assert done.returncode == 0, done.stderr
    found = result(done)
    assert [(one["id"], one["mended"]) for one in found["findings"]] == [("efa-off", True)]
    assert found["unknown"] == ["EC2 does not know subnet subnet-1 in this Region"]
    assert "Efa:\n            Enabled: true\n" in (tmp_path / "cluster.yaml").read_text()


def test_below_its_best_is_5_where_that_is_asked_for(tmp_path: Path) -> None:
    text = BLOCK.replace(
        "          - subnet-1   # private", "          - subnet-1\n        PlacementGroup: {Enabled: no}"
    )
    assert cluster(tmp_path, text).returncode == 0
    assert cluster(tmp_path, text, "--detailed-exitcode").returncode == 5


@pytest.mark.parametrize(
    ("text", "argv", "said"),
    [
        ("a: [1\n", (), "cluster.yaml:2:1: not YAML"),
        ("a: 1\n", (), "cluster.yaml:1:1: not the file of a ParallelCluster 3 cluster"),
        (BLOCK.replace("Enabled: true", "Enabled: 3"), (), "cluster.yaml:14:13: Scheduling.SlurmQueues[0]"),
        (BLOCK, ("--efa", "hpc"), "--efa: hpc/big: EC2 knows whether c5n.18xlarge takes an EFA: add --look-up"),
        (LEGACY, ("--write",), "a file of version 2 is not edited"),
    ],
    ids=["yaml", "other", "kind", "not asked", "version 2"],
)
def test_bad_input_is_one_clear_line_and_2(text: str, argv: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = cluster(tmp_path, text, *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_file_that_is_not_there_or_not_text_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"a: 1\nb: \xe9\n")
    for name, said in (
        ("none", "cannot be read"),
        ("latin", "latin:2:1: the file is not UTF-8"),
        (".", "directory"),
    ):
        done = opsctl(tmp_path, "tune", "pcluster", name, **CALLS_NOTHING)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_version_2_is_explained(tmp_path: Path) -> None:
    done = cluster(tmp_path, LEGACY)
    assert done.returncode == 0, done.stderr
    assert "  11  [queue one] enable_efa = true" in done.stdout
    assert "becomes Scheduling.SlurmQueues[0].ComputeResources[].Efa.Enabled: true" in done.stdout
    done = cluster(tmp_path, LEGACY, "-o", "json")
    assert result(done)["scheduler"] == "slurm"


def test_markdown_has_the_findings_and_the_difference(tmp_path: Path) -> None:
    done = cluster(tmp_path, QUEUES, "-o", "markdown")
    assert "| error | efa-on-queue | 10 |" in done.stdout
    assert "````diff\n--- cluster.yaml" in done.stdout


SCHEMA = """
import os
assert not [name for name in os.environ if name.startswith("AWS_") and "KEY" in name]
class ClusterSchema:
    def __init__(self, cluster_name): pass
    def load(self, values):
        fault = ValueError("no")
        of_resource = {"ComputeResources": {0: {"MaxCount": ["Not a valid integer."]}}}
        fault.messages = {"Scheduling": {"SlurmQueues": {0: of_resource}}}
        raise fault
"""


def test_the_installed_schema_is_asked_without_credentials_and_told_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "pcluster" / "schemas"
    package.mkdir(parents=True)
    (package / "cluster_schema.py").write_text(SCHEMA)
    about = tmp_path / "aws_parallelcluster-3.16.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: aws-parallelcluster\nVersion: 3.16.1\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    answer = ask_schema(read(BLOCK), "cluster.yaml", "us-east-1")
    assert answer.version == "3.16.1"
    (fault,) = answer.refused
    assert fault.summary == "Scheduling.SlurmQueues[0].ComputeResources[0].MaxCount: Not a valid integer."
    assert (fault.where.source, fault.where.line) == ("cluster.yaml", 15)


def test_a_schema_that_cannot_be_asked_says_nothing(tmp_path: Path) -> None:
    assert ask_schema(read(BLOCK), "cluster.yaml", "", python=str(tmp_path / "none")).version == ""
