"""What each command shows at 80, at 120 columns and on a pipe; `python -m tests.kit.screens --write` writes it."""

import json
import re
import sys
import tempfile
from pathlib import Path

from opsctl.model.plan import Plan
from opsctl.model.report import Report
from opsctl.render import outcome, screen, short
from opsctl.render.page import UNWRAPPED
from opsctl.sandbox.worlds.seeding import seed_all
from tests.kit.beside_plans import asked
from tests.kit.command import opsctl
from tests.kit.moto_account import client, fresh_world

SCREENS = Path(__file__).parent.parent / "cli" / "screens"
PLANS: dict[str, tuple[str, ...]] = {
    "block-ip": ("block-ip", "203.0.113.9", "--target", "shop.example.com"),
    "block-ip-left-open": ("block-ip", "203.0.113.9", "--target", "shop.example.com", "--layer", "nacl"),
    "block-ip-country": ("block-ip", "--country", "KP", "--target", "shop.example.com"),
    "make-ha": ("make-ha", "legacy-web"),
    "dlq-redrive": ("dlq", "redrive", "orders-dlq"),
    "dlq-purge": ("dlq", "purge", "orders-dlq", "--backup", "all.jsonl"),
    "dlq-attach": ("dlq", "attach", "thumbnails", "--alarm", "oncall"),
    "tune-apply": ("tune", "apply", "hpc-4", "--ena"),
}
# Ids differ from world to world; masked before they are laid out, they take the same room in each.
_IDS = (
    (r"\b\d{8}-\d{6}-[a-z0-9]{4}\b", "20260101-000000-aaaa"),
    (r"\b(acl|i|vol|eni|subnet|sg|eipalloc|vpc|rtb|igw)-[0-9a-f]{17}\b", r"\1-" + "0" * 17),
    (r"-[0-9a-f]{6}(?![0-9a-zA-Z-])", "-000000"),
    (r"\b(CloudFront|distribution)(\s+)[A-Z0-9]{12,14}\b", r"\1\2E000000000000"),
    (r"127\.0\.0\.1:\d{5}", "127.0.0.1:00000"),
    (r"\b2\d{11}\b", "123456789012"),
    (r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "2026-01-01T00:00:00Z"),
    (r"\b[a-z0-9]+\.cloudfront\.net", "d000000000000.cloudfront.net"),
    (r"(?<=[0-9a-z]/)[0-9a-f]{16}\b", "0" * 16),
)


def masked(text: str) -> str:
    """Return an answer without what is never twice the same."""
    for pattern, instead in _IDS:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def screens() -> dict[str, str]:
    """Return what is shown by each command, by its name, in an account with everything that is seeded."""
    shown: dict[str, str] = {}
    with fresh_world(seed_all), asked(), tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        for name, argv in PLANS.items():
            shown[name] = _plan(home, *argv, "--dry-run")
        opsctl(home, "playbook", "new", "incident", "--out", "incident.yaml")
        acl = client("ec2").describe_network_acls(Filters=[{"Name": "default", "Values": ["false"]}])[
            "NetworkAcls"
        ][0]["NetworkAclId"]
        own = ("run", "incident.yaml", "--set", f"network_acl={acl}", "--set", "incident=INC-42")
        trusted = json.loads(opsctl(home, "playbook", "show", "incident.yaml", "-o", "json").stdout)
        shown["own-playbook"] = _plan(home, *own, "--dry-run", "--trust-reads", trusted["result"]["sha256"])
        shown["block-ip-result"] = _result(home, *PLANS["block-ip"], "--yes")
        shown["unblock-ip"] = _plan(home, "unblock-ip", "203.0.113.9", "--dry-run")
        shown["undo"] = _plan(home, "undo", "last", "--dry-run")
        shown["undo-result"] = _result(home, "undo", "last", "--yes")
    return shown


def _plan(home: Path, *argv: str) -> str:
    plan = Plan.model_validate(_answer(home, *argv))
    own = plan.playbook.name == "incident"
    texts = [
        _at(width, screen.render_plan(plan, width=width, colour=False, calls=own))
        for width in (80, 120, UNWRAPPED)
    ]
    shown = "\n".join([*texts, "== short", short.render_plan(plan, "more: opsctl show PLAN")])
    return re.sub(r"not looked at: \d+ sources", "not looked at: 4 sources", shown)  # there come more


def _result(home: Path, *argv: str) -> str:
    report = Report.model_validate(_answer(home, *argv))
    texts = [
        _at(width, outcome.render_report(report, width=width, colour=False)) for width in (80, 120, UNWRAPPED)
    ]
    return "\n".join([*texts, "== short", short.render_report(report, "more: opsctl show RUN")])


def _at(width: int, text: str) -> str:
    return f"== {'a pipe' if width == UNWRAPPED else f'{width} columns'}\n{text}"


def _answer(home: Path, *argv: str) -> object:
    done = opsctl(home, *argv, "-o", "json")
    assert done.returncode == 0, (argv, done.stderr)
    return json.loads(masked(done.stdout.replace(str(home), "/home/responder")))["result"]


if __name__ == "__main__" and "--write" in sys.argv:
    SCREENS.mkdir(exist_ok=True)
    for name, text in screens().items():
        (SCREENS / f"{name}.txt").write_text(text, encoding="utf-8")
