"""`opsctl sandbox`: an embedded AWS to try and rehearse everything in."""

from enum import StrEnum
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl import DISTRIBUTION
from opsctl.cli.completion import complete_roles
from opsctl.model.commands import SANDBOX, command_line, local_command
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.model.run import Progress
    from opsctl.sandbox.client import SandboxEndpoint

EPILOG = """Examples:

  opsctl sandbox start && opsctl sandbox status && opsctl sandbox worlds

  eval "$(opsctl sandbox env)" && aws elbv2 describe-load-balancers

  opsctl --sandbox block-ip 203.0.113.9 --target shop.example.com

  opsctl sandbox as responder-read-only block-ip 203.0.113.9 --target shop.example.com

  opsctl sandbox exec topology shop.example.com    (a sandbox for this one command)

  opsctl sandbox reset                              (begin again)

  opsctl sandbox stop

Requests have to be signed with the sandbox's access key, which `env` prints and which only you can read.
"""


class Form(StrEnum):
    """The forms of small results."""

    TEXT = "text"
    JSON = "json"


FormOption = Annotated[Form, typer.Option("-o", "--output", help="Form of the result.")]


class Pace(StrEnum):
    """How long things take in the sandbox."""

    QUICK = "quick"
    AWS = "aws"
    INSTANT = "instant"


PaceOption = Annotated[
    Pace,
    typer.Option(help="How long instances, snapshots and so on take: seconds, as long as on AWS, or no time."),
]


SlowOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="THING=TIME",
        help=(
            "Set how long one operation takes, or =hangs: start, stop, terminate, volume, attach, detach, "
            "snapshot or image. Repeatable."
        ),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    sandbox = typer.Typer(
        name="sandbox",
        help="An embedded AWS on this machine, to try commands and rehearse incidents.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=EPILOG,
    )
    for command in (start, stop, status, env, reset, worlds):
        sandbox.command(command.__name__)(command)
    passed_on = {"allow_extra_args": True, "ignore_unknown_options": True}
    sandbox.command("as", context_settings=passed_on)(as_role)
    sandbox.command("exec", context_settings=passed_on)(inline)
    app.add_typer(sandbox)


def inline(context: typer.Context) -> None:
    """Run one opsctl command in a sandbox of its own, which is gone with it.

    Example: opsctl sandbox exec topology shop.example.com
    """
    _require_extra()
    from opsctl.cli.main import run
    from opsctl.sandbox.client import embedded

    with embedded():
        code = run(list(context.args))
    raise typer.Exit(code)


def start(*, pace: PaceOption = Pace.QUICK, slow: SlowOption = None, output: FormOption = Form.TEXT) -> None:
    """Start the sandbox in the background and make its worlds; prints how to point tools at it.

    Example: opsctl sandbox start --slow stop=30m --slow snapshot=hangs
    """
    from opsctl.cli.terminal import ProgressLines

    _require_extra()
    from opsctl.sandbox.pace import pace_text

    chosen = pace_text(pace.value, slow or [])
    progress = ProgressLines(quiet=False)
    endpoint = require_sandbox(progress, chosen)
    progress.clear()
    _show("start", endpoint, output)


def stop() -> None:
    """Stop the sandbox; its worlds are gone with it."""
    _require_extra()
    from opsctl.sandbox.client import stop as stop_background
    from opsctl.wiring import state_dir

    typer.echo("stopped" if stop_background(state_dir()) else "the sandbox was not running")


def status(*, output: FormOption = Form.TEXT) -> None:
    """Say whether the sandbox is running and where."""
    _require_extra()
    from opsctl.sandbox.client import running
    from opsctl.wiring import state_dir

    endpoint = running(state_dir())
    if endpoint is not None:
        _show("status", endpoint, output)
    elif output is Form.JSON:
        _json("status", Outcome.STOPPED, None)
    else:
        typer.echo(f"not running; start it with: {local_command('sandbox', 'start')}")


def env(*, output: FormOption = Form.TEXT) -> None:
    """Print the environment that points opsctl, the aws CLI and boto3 at the sandbox."""
    from opsctl.cli.terminal import ProgressLines

    endpoint = require_sandbox(ProgressLines(quiet=False))
    if output is Form.JSON:
        _json("env", Outcome.FOUND, endpoint.env)
    else:
        _export(endpoint.env)


def as_role(
    context: typer.Context,
    role: Annotated[
        str,
        typer.Argument(
            metavar="ROLE", help="A role of the sandbox, by name or ARN.", autocompletion=complete_roles
        ),
    ],
) -> None:
    """Call as a role that may not do everything: print its environment, or run one opsctl command as it.

    Example: opsctl sandbox as responder-read-only block-ip 203.0.113.9 --target shop.example.com
    """
    from opsctl.cli.terminal import ProgressLines

    endpoint = require_sandbox(ProgressLines(quiet=False))
    from opsctl.sandbox.client import force_environment
    from opsctl.sandbox.roles import assume, role_arn

    # The SDK refuses to begin where the environment names a profile that it does not know.
    force_environment(endpoint)
    arn = role_arn(role)
    env = assume(endpoint, arn)
    if not context.args:
        _export(env)
        return
    from opsctl.cli.main import run

    words = list(context.args)
    at = words.index("--") if "--" in words else len(words)
    raise typer.Exit(run(["--sandbox", *words[:at], "--role-arn", arn, *words[at:]]))


def reset() -> None:
    """Empty the sandbox and make its worlds again."""
    from opsctl.cli.terminal import ProgressLines

    progress = ProgressLines(quiet=False)
    endpoint = require_sandbox(progress)
    from opsctl.sandbox.client import reset as reset_background

    progress("creating the worlds again")
    reset_background(endpoint)
    progress.clear()
    typer.echo("the worlds are as they were at the start")


def worlds(*, output: FormOption = Form.TEXT) -> None:
    """List what there is to try."""
    _require_extra()
    from opsctl.sandbox.client import targets

    if output is Form.JSON:
        _json("worlds", Outcome.LISTED, [target.model_dump() for target in targets()])
    else:
        typer.echo("\n".join(f"{target.name:<20} {target.what}" for target in targets()))


def _export(env: dict[str, str]) -> None:
    typer.echo("\n".join(f"export {name}={quote(value)}" for name, value in env.items()))


def require_sandbox(progress: "Progress", pace: str = "quick") -> "SandboxEndpoint":
    """Return the running sandbox, started when there is none.

    Raises:
        InvalidInput: the extra is not installed.
    """
    _require_extra()
    from opsctl.sandbox.client import ensure_running
    from opsctl.wiring import state_dir

    return ensure_running(state_dir(), progress, pace)


def _require_extra() -> None:
    from importlib.util import find_spec

    from opsctl.model.errors import InvalidInput

    if find_spec("moto") is None or find_spec("werkzeug") is None:
        raise InvalidInput.one(
            "the sandbox is an optional extra, and it is not installed",
            source="sandbox",
            hint=f"pip install '{DISTRIBUTION}[sandbox]'",
        )


def _show(command: str, endpoint: "SandboxEndpoint", output: Form) -> None:
    if output is Form.JSON:
        _json(command, Outcome.RUNNING, endpoint.model_dump(exclude={"key"}))
        return
    from opsctl.sandbox.client import sample_roles, targets

    typer.echo(f"The sandbox answers at {endpoint.endpoint_url} (account {endpoint.account}, {endpoint.region}).")
    typer.echo("")
    typer.echo("Try:")
    for target in targets():
        typer.echo(f"  {command_line((SANDBOX,), 'topology', target.name):<48} # {target.what}")
    typer.echo("")
    typer.echo("Call as a role with fewer permissions:")
    for role in sample_roles():
        typer.echo(f"  {local_command('sandbox', 'as', role.name):<48} # {role.what}")
    typer.echo("")
    typer.echo("Point the aws CLI or boto3 at it:")
    typer.echo(f'  eval "$({local_command("sandbox", "env")})"')
    typer.echo("Stop it:")
    typer.echo(f"  {local_command('sandbox', 'stop')}")


def _json(command: str, outcome: Outcome, result: object) -> None:
    from opsctl.render.json_text import render_envelope

    typer.echo(
        render_envelope(command=f"sandbox {command}", exit_code=0, outcome=outcome, result=result), nl=False
    )
