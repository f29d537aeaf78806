"""`opsctl sandbox`: an emulated AWS account, to try commands and rehearse incidents."""

from enum import StrEnum
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl import DISTRIBUTION
from opsctl.cli.completion import complete_roles
from opsctl.cli.options import AccountOptions, JsonOptions, ShowOptions, spliced
from opsctl.model.commands import SANDBOX, command_line, local_command
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.model.run import Progress
    from opsctl.model.value import Json
    from opsctl.sandbox.client import SandboxEndpoint

EPILOG = """Examples:

  opsctl sandbox start && opsctl sandbox status && opsctl sandbox worlds

  eval "$(opsctl sandbox env)" && aws elbv2 describe-load-balancers

  opsctl --sandbox block-ip 203.0.113.9 --target shop.example.com

  opsctl sandbox as responder-read-only block-ip 203.0.113.9 --target shop.example.com

  opsctl sandbox exec topology shop.example.com    (a temporary sandbox)

  opsctl sandbox attack 203.0.113.9 --target shop.example.com --requests 200 --over 40s

  opsctl sandbox fault no-room=hpc-4                (rehearse a start that finds no room)

  opsctl sandbox reset                              (discard every change)

  opsctl sandbox stop

Requests have to be signed with the sandbox's access key, which `env` prints and which only you can read.
"""


class Pace(StrEnum):
    """How long things take in the sandbox."""

    QUICK = "quick"
    AWS = "aws"
    INSTANT = "instant"


PaceOption = Annotated[
    Pace,
    typer.Option(help="How long starts, snapshots and so on take: seconds, as long as on AWS, or no time."),
]


SlowOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="THING=TIME",
        help=(
            "Set how long one operation takes, or =hangs: start, stop, terminate, volume, attach, detach, "
            "snapshot, image or query. Repeatable."
        ),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    sandbox = typer.Typer(
        name="sandbox",
        help="An emulated AWS account on this machine, to try commands and rehearse incidents.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=EPILOG,
    )
    for command in (stop, reset):
        sandbox.command(command.__name__)(command)
    for shown in (start, status, env, worlds, attack, fault):
        sandbox.command(shown.__name__)(spliced(shown))
    passed_on = {"allow_extra_args": True, "ignore_unknown_options": True}
    sandbox.command("as", context_settings=passed_on)(as_role)
    sandbox.command("exec", context_settings=passed_on)(inline)
    app.add_typer(sandbox)


def inline(context: typer.Context) -> None:
    """Run one opsctl command in a temporary sandbox, which is deleted when the command ends.

    Example: opsctl sandbox exec topology shop.example.com
    """
    _require_extra()
    from opsctl.cli.main import run
    from opsctl.sandbox.client import embedded

    with embedded():
        code = run(list(context.args))
    raise typer.Exit(code)


def start(*, pace: PaceOption = Pace.QUICK, slow: SlowOption = None, show: JsonOptions) -> None:
    """Start the sandbox in the background with its sample workloads; prints how to point tools at it.

    Example: opsctl sandbox start --slow stop=30m --slow snapshot=hangs
    """
    from opsctl.cli.terminal import ProgressLines

    _require_extra()
    from opsctl.sandbox.pace import pace_text

    chosen = pace_text(pace.value, slow or [])
    progress = ProgressLines(quiet=False)
    endpoint = require_sandbox(progress, chosen)
    progress.clear()
    _show("start", endpoint, show)


def stop() -> None:
    """Stop the sandbox and delete everything in it."""
    _require_extra()
    from opsctl.sandbox.client import stop as stop_background
    from opsctl.wiring import state_dir

    typer.echo("stopped" if stop_background(state_dir()) else "the sandbox was not running")


def status(*, show: JsonOptions) -> None:
    """Show whether the sandbox is running, and its endpoint."""
    _require_extra()
    from opsctl.sandbox.client import running
    from opsctl.wiring import state_dir

    endpoint = running(state_dir())
    if endpoint is not None:
        _show("status", endpoint, show)
        return
    text = f"not running; start it with: {local_command('sandbox', 'start')}"
    _emit("status", show, Outcome.STOPPED, None, text)


def env(*, show: JsonOptions) -> None:
    """Print the environment that points opsctl, the aws CLI and boto3 at the sandbox."""
    from opsctl.cli.terminal import ProgressLines

    endpoint = require_sandbox(ProgressLines(quiet=False))
    _emit("env", show, Outcome.FOUND, dict(endpoint.env), _exported(endpoint.env))


def as_role(
    context: typer.Context,
    role: Annotated[
        str,
        typer.Argument(
            metavar="ROLE", help="A role of the sandbox, by name or ARN.", autocompletion=complete_roles
        ),
    ],
) -> None:
    """Assume a role with limited permissions: print its environment, or run one opsctl command as it.

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
        typer.echo(_exported(env))
        return
    from opsctl.cli.main import run

    words = list(context.args)
    at = words.index("--") if "--" in words else len(words)
    raise typer.Exit(run(["--sandbox", *words[:at], "--role-arn", arn, *words[at:]]))


def reset() -> None:
    """Reset the sandbox: discard every change, and create the sample workloads again."""
    from opsctl.cli.terminal import ProgressLines

    progress = ProgressLines(quiet=False)
    endpoint = require_sandbox(progress)
    from opsctl.sandbox.client import reset as reset_background

    progress("creating the sample workloads")
    reset_background(endpoint)
    progress.clear()
    typer.echo("the sandbox is as it was at its start")


def worlds(*, show: JsonOptions) -> None:
    """List the sample workloads."""
    _require_extra()
    from opsctl.sandbox.client import targets

    text = "\n".join(f"{target.name:<22} {target.what}" for target in targets())
    _emit("worlds", show, Outcome.LISTED, [target.model_dump() for target in targets()], text)


def attack(
    *,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where the requests come from.")],
    target: Annotated[str, typer.Option(help="A name, a load balancer or an address of the sandbox.")],
    requests: Annotated[int, typer.Option(min=1, max=10_000, help="How many requests.")] = 100,
    over: Annotated[str, typer.Option(metavar="TIME", help="Spread over this time, such as 40s.")] = "0s",
    path: Annotated[str, typer.Option(help="Path and query of each request.")] = "/",
    method: Annotated[str, typer.Option(help="Method of each request.")] = "GET",
    agent: Annotated[str, typer.Option(metavar="TEXT", help="User-Agent of each request.")] = "curl/8.5.0",
    country: Annotated[str, typer.Option(metavar="CC", help="Where AWS WAF takes the address to be.")] = "-",
    forwarded_for: Annotated[str, typer.Option(metavar="TEXT", help="X-Forwarded-For as sent.")] = "",
    show: JsonOptions,
) -> None:
    """Send requests from an address to a sample workload, and say what became of them.

    Each is judged by the network ACLs, security groups and web ACLs as they are at that moment, and is in AWS
    WAF's samples, metrics and logs, in VPC flow logs and in access logs where the account keeps those.

    Example: opsctl sandbox attack 203.0.113.9 --target direct.example.com --requests 200 --over 40s
    """
    from opsctl.cli.sandbox_attack import attack_over, words_of
    from opsctl.cli.terminal import ProgressLines

    progress = ProgressLines(quiet=show.quiet)
    endpoint = require_sandbox(progress)
    asked = {"path": path, "method": method, "agent": agent, "country": country, "forwarded": forwarded_for}
    done = attack_over(endpoint, address, target, requests, over, asked, progress)
    progress.clear()
    _emit("attack", show, Outcome.FOUND, done.model_dump(), words_of(address, target, done))


def fault(
    *,
    faults: Annotated[
        list[str] | None,
        typer.Argument(metavar="FAULT=NAME", help="What is to go wrong, and what it befalls.", show_default=False),
    ] = None,
    mend: Annotated[bool, typer.Option("--mend", help="Have these go right again; without any, all.")] = False,
    show: JsonOptions,
) -> None:
    """Have things go wrong in the running sandbox, until they are mended or it is reset; alone, list what does.

    no-capacity=ZONE, dark-zone=ZONE; no-room=INSTANCE, no-room-later, impaired, lost-agent, forged-installer;
    held-volume=VOLUME; busy-bucket=BUCKET; bad-key=KEY. Instances and volumes by id or Name tag. A run that goes
    back meets them too: mend them from a second terminal meanwhile, or resume it afterwards.

    Example: opsctl sandbox fault no-room=hpc-4 && opsctl --sandbox tune apply hpc-4 --ena
    """
    from opsctl.cli.sandbox_faults import switch, words_of
    from opsctl.cli.terminal import ProgressLines

    endpoint = require_sandbox(ProgressLines(quiet=show.quiet))
    found = switch(endpoint, faults or [], mend=mend)
    _emit("fault", show, Outcome.FOUND, found.model_dump(include={"faults"}), words_of(found))


def _exported(env: dict[str, str]) -> str:
    return "\n".join(f"export {name}={quote(value)}" for name, value in env.items())


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


def _show(command: str, endpoint: "SandboxEndpoint", show: ShowOptions) -> None:
    _emit(command, show, Outcome.RUNNING, endpoint.model_dump(exclude={"key"}), _welcome(endpoint))


# Each kind of sample, the command that looks at it, and what its name needs in front.
TO_TRY = (
    ("target", ("topology",), ""),
    ("group", ("tune", "check"), ""),
    ("dead-letter-queue", ("dlq", "inspect"), ""),
    ("bucket", ("s3-events", "show"), ""),
    ("bus", ("events", "trace"), "bus:"),
    ("topic", ("events", "trace"), "topic:"),
    ("custom-bus", ("events", "trace"), ""),
    ("cache", ("cache", "explain"), ""),
)


def _welcome(endpoint: "SandboxEndpoint") -> str:
    from opsctl.sandbox.client import named, sample_roles

    lines = [
        f"The sandbox answers at {endpoint.endpoint_url} (account {endpoint.account}, {endpoint.region}).",
        "",
        "Try:",
    ]
    lines += [
        f"  {command_line((SANDBOX,), *words, before + one.name):<52} # {one.what}"
        for kind, words, before in TO_TRY
        for one in named(kind)
    ]
    lines += ["", "Call as a role with fewer permissions:"]
    lines += [f"  {local_command('sandbox', 'as', role.name):<52} # {role.what}" for role in sample_roles()]
    lines += ["", "Point the aws CLI or boto3 at it:", f'  eval "$({local_command("sandbox", "env")})"']
    return "\n".join([*lines, "Stop it:", f"  {local_command('sandbox', 'stop')}"])


def _emit(command: str, show: ShowOptions, outcome: Outcome, value: "Json", text: str) -> None:
    from opsctl.cli.front import Order
    from opsctl.cli.output import emit_value

    emit_value(Order(f"sandbox {command}", AccountOptions(), show), outcome, value, text)
