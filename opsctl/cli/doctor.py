"""`opsctl doctor`: is everything in place to work?"""

from typing import TYPE_CHECKING

import typer

from opsctl.cli.options import AccountOptions, ShowOptions, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Session

EPILOG = """Example:

  opsctl doctor --profile production
"""
MAX_SKEW_S = 120


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", epilog=EPILOG)(spliced(doctor))


def doctor(*, account: AccountOptions, show: ShowOptions) -> None:
    """Check credentials, region, read permissions, clock, configuration, journal and plug-ins; changes nothing."""
    from opsctl.cli.front import Order, open_session
    from opsctl.cli.output import emit_value
    from opsctl.render.inert import visible

    order = Order("doctor", account, show)
    session = open_session(order)
    here = [_journal(session), *_configuration(session), *_plugins(session)]
    findings = [*_identity(session), *here, *_permissions(session)]
    session.progress.clear()
    text = "\n".join(
        f"{'ok ' if ok else '!! '} {visible(what)}: {visible(detail)}" for what, ok, detail in findings
    )
    value = [{"check": what, "ok": ok, "detail": detail} for what, ok, detail in findings]
    emit_value(order, Outcome.CHECKED, value, text)
    if not all(ok for _, ok, _ in findings):
        raise typer.Exit(1)


def _identity(session: "Session") -> list[tuple[str, bool, str]]:
    identity = session.runtime.identity
    alias = f" ({identity.alias})" if identity.alias else ""
    skew = session.runtime.clock_skew_s()
    return [
        ("account", True, f"{identity.account}{alias}"),
        ("caller", True, identity.arn),
        ("region", True, identity.region),
        ("endpoint", True, identity.endpoint or "AWS"),
        ("clock", abs(skew) <= MAX_SKEW_S, f"{skew:+.0f} s against AWS"),
    ]


def _journal(session: "Session") -> tuple[str, bool, str]:
    from opsctl.wiring import state_dir

    runs = session.runtime.journal.runs()
    open_runs = [run.id for run in runs if run.status in ("interrupted", "failed", "unproved")]
    detail = f"{len(runs)} runs in {state_dir()}"
    return ("journal", True, detail + (f"; unfinished: {', '.join(open_runs[:5])}" if open_runs else ""))


def _configuration(session: "Session") -> list[tuple[str, bool, str]]:
    from opsctl.model.settings import Keys

    settings = session.runtime.settings
    files = [
        ("configuration", True, f"{file}: {', '.join(sorted(file.keys.model_fields_set)) or 'says nothing'}")
        for file in settings.files
    ]
    values = {key: getattr(settings, key) for key in Keys.model_fields}
    words = [f"{key} {len(value) if isinstance(value, tuple) else value}" for key, value in values.items()]
    return [*(files or [("configuration", True, "no file")]), ("in force", True, ", ".join(words))]


def _plugins(session: "Session") -> list[tuple[str, bool, str]]:
    """Import every plug-in that others ship, which no other command does."""
    from opsctl.catalog import PARTS, shipped_by_others
    from opsctl.model.errors import InvalidInput

    known = (session.runtime.registry.facts, session.runtime.registry.actions, session.runtime.registry.jobs)
    findings: list[tuple[str, bool, str]] = []
    for package in shipped_by_others():
        names: list[str] = []
        faults = [package.fault] if package.fault else []
        for part, plugins in zip(PARTS, known, strict=True):
            for name, _module in package.modules(part):
                names.append(f"{part.removesuffix('s')} {name}")
                try:
                    plugins[name]
                except InvalidInput as invalid:
                    faults.append(invalid.summary)
        findings.append(("plug-ins", not faults, f"{package.distribution}: {'; '.join(faults or names)}"))
    return findings or [("plug-ins", True, "opsctl's own alone")]


def _permissions(session: "Session") -> list[tuple[str, bool, str]]:
    from opsctl.model.reads import Read

    reads = [
        Read(service="ec2", operation="DescribeNetworkAcls", params={"MaxResults": 5}),
        Read(service="elbv2", operation="DescribeLoadBalancers", params={"PageSize": 1}),
        Read(service="cloudfront", operation="ListDistributions", params={"MaxItems": "1"}),
        Read(service="route53", operation="ListHostedZones", params={"MaxItems": "1"}),
        Read(service="wafv2", operation="ListWebACLs", params={"Scope": "REGIONAL", "Limit": 1}),
    ]
    session.progress("trying one read of each service")
    answers = session.runtime.reader().read_many(reads)
    return [
        (f"read {read.api}", answer.known, "allowed" if answer.known else str(answer.refusal))
        for read, answer in zip(reads, answers, strict=True)
    ]
