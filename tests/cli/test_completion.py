"""TAB offers values that this machine knows: nothing is asked, and the SDK is not even loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsctl.cli.bash_words import joined
from opsctl.journal.store import Journal
from opsctl.sandbox.worlds.names import BY_KIND
from opsctl.sandbox.worlds.seeding import seed_all
from tests.kit.box_plans import make_box, plan_of
from tests.kit.command import HANGS_S
from tests.kit.moto_account import client, fresh_world

CONFIG = "[default]\nregion = eu-west-1\n[profile production]\n[profile staging]\n[sso-session corp]\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's directory with profiles, a run, a plan file, and files that are none."""
    place = tmp_path_factory.mktemp("home")
    (place / "aws-config").write_text(CONFIG)
    (place / "aws-credentials").write_text("[old]\naws_access_key_id = x\n")
    plan = plan_of(make_box("new"), plan_id="20260101-000000-aaaa").sealed()
    journal = Journal(place / "state")
    journal.begin(plan)
    journal.close()
    (place / "plan.json").write_text(json.dumps(plan.to_json(), indent=2))
    (place / "other.json").write_text("{}")
    (place / "plans").mkdir()
    (place / "plans" / "two.json").write_text(json.dumps(plan.to_json(), indent=2))
    (place / "state" / "plans").mkdir()
    (place / "state" / "plans" / "20260102-000000-kept.json").write_text("{}")
    (place / "my.yaml").write_text("schema: opsctl.playbook/v1\n")
    return place


def offered(home: Path, line: str, at: int = -1) -> list[str]:
    """What bash would offer at the end of a line, in a process that tells what it has loaded."""
    words = line.split(" ")
    code = (
        "import sys\n"
        "from opsctl.__main__ import main\n"
        "try:\n    main()\n"
        "finally:\n"
        "    print([one for one in ('boto3', 'botocore', 'moto') if one in sys.modules], file=sys.stderr)\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSCTL_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        env=clean
        | {
            "HOME": str(home),
            "OPSCTL_STATE_DIR": str(home / "state"),
            "AWS_CONFIG_FILE": str(home / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws-credentials"),
            "_OPSCTL_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(at if at >= 0 else len(words) - 1),
        },
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )
    assert done.stderr.strip().splitlines()[-1] == "[]", done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("opsctl block-ip 203.0.113.9 --layer w", ["waf"]),
        ("opsctl block-ip 203.0.113.9 --mode c", ["count", "challenge", "captcha"]),
        ("opsctl dlq redrive orders-dlq --via t", ["task"]),
        ("opsctl runs list --output m", ["markdown"]),
        ("opsctl topology shop --profile ", ["default", "old", "production", "staging"]),
        ("opsctl topology shop --region eu-central-", ["eu-central-1", "eu-central-2"]),
        ("opsctl block-ip 203.0.113.9 --override never", ["never-block"]),
        ("opsctl block-ip 203.0.113.9 --override everyth", []),
        ("opsctl make-ha web --accept root", ["root-disk"]),
        ("opsctl run block-ip --accept stays", ["stays-open"]),
        ("opsctl dlq inspect orders --override own", ["own-redrive"]),
        ("opsctl run block-ip --set la", ["layer="]),
        ("opsctl run block-ip --set layer=clo", ["layer=cloudfront"]),
        ("opsctl run my", ["my.yaml"]),
        ("opsctl undo 2026", ["20260101-000000-aaaa"]),
        ("opsctl apply p", ["plans/", "plan.json"]),
        ("opsctl apply plans/", ["plans/two.json"]),
        ("opsctl show 2", ["20260101-000000-aaaa", "20260102-000000-kept"]),
        ("opsctl apply 2026", ["20260102-000000-kept"]),
        ("opsctl show plan.", ["plan.json"]),
        ("opsctl --sandbox block-ip 203.0.113.9 --target shop", ["shop.example.com"]),
        ("opsctl block-ip 203.0.113.9 --sandbox --target shop", ["shop.example.com"]),
        ("opsctl block-ip 203.0.113.9 --target shop", []),
        ("opsctl --sandbox dlq redrive order", ["orders-dlq", "order-events-dlq"]),
        ("opsctl --sandbox dlq inspect led", ["ledger-dlq.fifo"]),
        ("opsctl --sandbox make-ha leg", ["legacy-web"]),
        ("opsctl sandbox as responder-r", ["responder-read-only"]),
    ],
)
def test_values_are_offered_without_the_sdk(home: Path, line: str, wanted: list[str]) -> None:
    assert offered(home, line) == wanted


def test_what_is_offered_of_the_sandbox_is_there() -> None:
    with fresh_world(seed_all):
        urls = client("sqs").list_queues()["QueueUrls"]
    queues = {url.rpartition("/")[2] for url in urls}
    assert {one.name for one in (*BY_KIND["dead-letter-queue"], *BY_KIND["source"])} <= queues


@pytest.mark.parametrize(
    ("apart", "at", "whole"),
    [
        (
            ["opsctl", "run", "x", "--set", "mode", "=", "ch"],
            6,
            (["opsctl", "run", "x", "--set", "mode=ch"], 4, "mode="),
        ),
        (["opsctl", "run", "x", "--set", "mode", "="], 5, (["opsctl", "run", "x", "--set", "mode="], 4, "mode=")),
        (
            ["opsctl", "dlq", "list", "--output", "=", "m"],
            5,
            (["opsctl", "dlq", "list", "--output=m"], 3, "--output="),
        ),
        (["opsctl", "a", "http", ":", "//x", "b"], 5, (["opsctl", "a", "http://x", "b"], 3, "")),
        (["opsctl", "undo", ""], 2, (["opsctl", "undo", ""], 2, "")),
        (["opsctl", "undo"], 2, (["opsctl", "undo"], 2, "")),
    ],
    ids=["a value", "no value yet", "an option's value", "a colon", "a new word", "nothing behind"],
)
def test_words_that_bash_takes_apart_are_whole_again(
    apart: list[str], at: int, whole: tuple[list[str], int, str]
) -> None:
    assert joined(apart, at) == whole


def test_bash_gets_only_what_it_has_not_yet(home: Path) -> None:
    """As its completion function passes the words on: one a line."""
    assert offered(home, "opsctl\nrun\nblock-ip\n--set\nmode\n=\nch", at=6) == ["challenge"]
    assert offered(home, "opsctl\nrun\nblock-ip\n--set\nta", at=4) == ["target="]
