"""The team is told how a run ends; nobody else is, and the run is what it is whoever could be told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.aws import webhook
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, client, fresh_world, server
from tests.kit.queues import SNS_MAY_SEND, arn, queue

SECRET = "http://127.0.0.1:9/services/T0SECRET"
ELSEWHERE = "https://hooks.slack.com/services/T0SECRET"
BLOCK = ("block-ip", "203.0.113.9", "--target", "direct.example.com")


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network):
        yield server()


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is posted where, by webhooks that take everything."""
    found: list[tuple[str, str]] = []

    def take(url: str, text: str) -> str:
        found.append((url, text))
        return ""

    monkeypatch.setattr(webhook, "post", take)
    return found


def configure(home: Path, *destinations: str) -> dict[str, str]:
    path = home / "own.yaml"
    path.write_text("notify:\n" + "".join(f"  - {one}\n" for one in destinations))
    return {"OPSCTL_CONFIG": str(path)}


def test_each_end_of_a_run_is_told_in_six_lines_and_a_dry_run_is_not(
    account: WatchedServer, tmp_path: Path, posted: list[tuple[str, str]]
) -> None:
    env = configure(tmp_path, SECRET)
    assert opsctl(tmp_path, *BLOCK, "--dry-run", **env).returncode == 0
    assert opsctl(tmp_path, *BLOCK, **env).returncode == 3
    assert posted == []
    assert opsctl(tmp_path, *BLOCK, "--yes", **env).returncode == 0
    assert opsctl(tmp_path, "undo", "last", "--yes", **env).returncode == 0
    assert [url for url, _ in posted] == [SECRET, SECRET]
    for _, text in posted:
        assert len(text.splitlines()) <= 6
        assert "203.0.113.9" in text
        assert "opsctl show" in text


def test_the_webhook_stands_in_no_output_and_no_journal_and_its_failure_is_a_warning(
    account: WatchedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_url: str, _text: str) -> str:
        return "status 500"

    monkeypatch.setattr(webhook, "post", refuse)
    env = configure(tmp_path, SECRET)
    done = opsctl(tmp_path, *BLOCK, "--yes", "--debug", "-o", "json", **env)
    assert done.returncode == 0
    assert "warning: the webhook was not told: status 500; the run is as reported" in done.stderr
    shown = opsctl(tmp_path, "doctor", "-o", "json", **env)
    undone = opsctl(tmp_path, "undo", "last", "--yes", **env)
    for one in (done, shown, undone):
        assert "T0SECRET" not in one.stdout + one.stderr
    assert undone.returncode == 0
    kept = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"T0SECRET" in content for content in kept)


def test_a_rehearsal_tells_nobody_elsewhere(
    account: WatchedServer, tmp_path: Path, posted: list[tuple[str, str]]
) -> None:
    done = opsctl(tmp_path, *BLOCK, "--yes", **configure(tmp_path, ELSEWHERE))
    assert done.returncode == 0
    assert posted == []
    assert "this is a rehearsal" in done.stderr
    assert opsctl(tmp_path, "undo", "last", "--yes").returncode == 0


def test_a_topic_is_told_and_one_that_is_gone_is_a_warning(account: WatchedServer, tmp_path: Path) -> None:
    topic = client("sns").create_topic(Name="oncall")["TopicArn"]
    heard_at = queue("heard", Policy=SNS_MAY_SEND)
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(heard_at))
    done = opsctl(tmp_path, *BLOCK, "--yes", "--notify", topic)
    assert done.returncode == 0, done.stderr
    (heard,) = client("sqs").receive_message(QueueUrl=heard_at)["Messages"]
    told = json.loads(heard["Body"])
    assert told["Subject"].startswith("opsctl: done: run ")
    assert "203.0.113.9" in told["Message"]
    undone = opsctl(tmp_path, "undo", "last", "--yes", "--notify", f"{topic}-gone")
    assert undone.returncode == 0
    assert f"warning: {topic}-gone was not told: " in undone.stderr


@pytest.mark.parametrize(
    ("named", "env", "said"),
    [
        ((ELSEWHERE,), {}, "a webhook's URL is a secret"),
        (("oncall",), {}, "the ARN of a standard SNS topic"),
        (("arn:aws:sns:us-east-1:123456789012:x.fifo",), {}, "the ARN of a standard SNS topic"),
        (("webhook",), {}, "no webhook is configured"),
        ((), {"OPSCTL_NOTIFY_WEBHOOK": "http://hooks.slack.com/T0SECRET"}, "it is not https"),
    ],
    ids=["a URL", "a name", "a FIFO topic", "none configured", "not encrypted"],
)
def test_what_cannot_be_told_ends_the_command_before_anything_is_changed(
    account: WatchedServer, tmp_path: Path, named: tuple[str, ...], env: dict[str, str], said: str
) -> None:
    before = len(account.mutations())
    switches = [word for name in named for word in ("--notify", name)]
    done = opsctl(tmp_path, *BLOCK, "--yes", *switches, **env)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "T0SECRET" not in done.stdout + done.stderr
    assert len(account.mutations()) == before


@pytest.mark.parametrize(
    "text", ["notify: {0}", "notify: [{0}x, 7, http://a.example/T0SECRET]", "notify: {{a: {0}}}"]
)
def test_a_fault_in_the_configuration_does_not_repeat_a_webhook(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text.format(ELSEWHERE) + "\n")
    done = opsctl(tmp_path, "runs", "list", OPSCTL_CONFIG=str(path))
    blocked = opsctl(tmp_path, *BLOCK, "-n", "-o", "json", OPSCTL_CONFIG=str(path))
    assert blocked.returncode == 2
    assert "T0SECRET" not in done.stdout + done.stderr + blocked.stdout + blocked.stderr


def test_the_file_of_a_directory_may_not_say_who_is_told(account: WatchedServer, tmp_path: Path) -> None:
    (tmp_path / "opsctl.yaml").write_text(f"notify: [{ELSEWHERE}]\n")
    done = opsctl(tmp_path, *BLOCK, "-n")
    assert done.returncode == 2
    assert "notify is only for your own configuration" in done.stderr
    assert "T0SECRET" not in done.stderr
