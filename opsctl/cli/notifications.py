"""Tells where the team reads what became of a run: a webhook, or an SNS topic."""

import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from opsctl.cli.front import Session
    from opsctl.model.report import Report
    from opsctl.model.settings import Settings

WEBHOOK = "webhook"
VARIABLE = "OPSCTL_NOTIFY_WEBHOOK"
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")


def refuse_bad_destinations(named: Sequence[str]) -> None:
    """Refuse what is neither a topic nor the configured webhook; a URL would stay in the shell's history.

    Raises:
        BadParameter, InvalidInput: before anything is called.
    """
    for name in named:
        if name == WEBHOOK or (TOPIC.fullmatch(name) and not name.endswith(".fifo")):
            continue
        said = "the ARN of a standard SNS topic, or webhook"
        if "://" in name:
            said = f"a webhook's URL is a secret: put it into notify: of your configuration or into {VARIABLE}, "
            said += f"and say --notify {WEBHOOK}"
        raise typer.BadParameter(said, param_hint="--notify")
    if named or VARIABLE in os.environ:
        from opsctl.wiring import settings

        destinations(named, settings())


def destinations(named: Sequence[str], settings: "Settings") -> tuple[str, ...]:
    """Return where to tell: what `--notify` names, else all that is configured.

    Raises:
        InvalidInput: the variable has no webhook, or none is configured where one was asked for.
    """
    from opsctl.aws.webhook import fault_in
    from opsctl.model.errors import InvalidInput

    known = [one.get_secret_value() for one in settings.notify]
    variable = os.environ.get(VARIABLE, "")
    if variable:
        fault = fault_in(variable)
        if fault:
            raise InvalidInput.one(f"this is no webhook: {fault}", source=VARIABLE)
        known.append(variable)
    if not named:
        return tuple(dict.fromkeys(known))
    hooks = [one for one in known if not TOPIC.fullmatch(one)]
    if WEBHOOK in named and not hooks:
        hint = f"put it into notify: of your own configuration, or into {VARIABLE}"
        raise InvalidInput.one("no webhook is configured", source="--notify", hint=hint)
    return tuple(dict.fromkeys(one for name in named for one in (hooks if name == WEBHOOK else [name])))


def tell(session: "Session", report: "Report", named: Sequence[str]) -> None:
    """Send the short form of a run to each destination; one that fails is a warning, and the run as it is."""
    from opsctl.cli.output import short_text

    text = short_text(session.order, report)
    for destination in destinations(named, session.runtime.settings):
        what = destination if TOPIC.fullmatch(destination) else "the webhook"
        session.progress(f"telling {what}")
        why = _send(session, destination, report, text)
        session.progress.clear()
        if why:
            sys.stderr.write(f"warning: {what} was not told: {why}; the run is as reported\n")


def _send(session: "Session", destination: str, report: "Report", text: str) -> str:
    """Send to one destination; returns why that failed, or nothing. A rehearsal tells nobody who is not here."""
    from opsctl.aws.webhook import is_loopback, post
    from opsctl.model.errors import OpsctlError

    if not TOPIC.fullmatch(destination):
        rehearsed = session.order.account.sandbox or is_loopback(session.runtime.identity.endpoint)
        if rehearsed and not is_loopback(destination):
            return "this is a rehearsal, and it is not on this machine"
        return post(destination, text)
    subject = f"opsctl: {report.status}: run {report.run_id}"
    params = {"TopicArn": destination, "Subject": subject, "Message": text}
    try:
        session.runtime.account().write("sns", "Publish", params, destination.split(":")[3])
    except OpsctlError as fault:
        return fault.summary
    return ""
