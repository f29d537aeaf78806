"""The console command: the whole command line, and every ending with its exit code."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from opsctl import __version__
from opsctl.cli import bash_words
from opsctl.cli.endings import end_badly, end_bug, end_interrupted, end_lost, end_usage
from opsctl.cli.front_commands import LazyGroup
from opsctl.cli.options import AccountOptions, spliced
from opsctl.cli.streams import LostOutput, give_up_results, prepare_streams
from opsctl.cli.strict import command_of
from opsctl.cli.suggestions import message_of
from opsctl.cli.typed import remember
from opsctl.model.commands import local_command

if TYPE_CHECKING:
    from opsctl.model.errors import OpsctlError

app = typer.Typer(
    name="opsctl",
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    suggest_commands=False,  # it would offer the opposite of what was typed: see `suggestions.py`
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"opsctl {__version__}")
        raise typer.Exit


@app.callback()
@spliced
def opsctl(
    context: typer.Context,
    *,
    account: AccountOptions,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option(
            "--version", callback=lambda value: _version(asked=value), is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Incident response for AWS: detect, plan, apply, prove and undo.

    Try everything without an account: opsctl --sandbox block-ip 203.0.113.9 --target shop.example.com

    Exit codes: 0 done, 1 failed, 2 invalid input, 3 refused, 4 drifted, 5 the dry run has changes, 6 not
    proved in time, 130 interrupted. More by topic: opsctl help
    """
    context.obj = account


def main() -> None:
    """Run the command line and leave with the contract's exit code."""
    prepare_streams()
    sys.exit(run(sys.argv[1:]))


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code; nothing escapes but output."""
    remember(argv)
    try:
        code = bash_words.complete(lambda: _run(argv)) if bash_words.completes_in_bash() else _run(argv)
        sys.stdout.flush()
    except LostOutput as lost:
        give_up_results()
        return end_lost(str(lost))
    return code


def _run(argv: list[str]) -> int:
    try:
        return int(app(args=argv, prog_name="opsctl", standalone_mode=False) or 0)
    except LostOutput:
        raise
    except (KeyboardInterrupt, typer.Abort):
        return end_interrupted(argv, _command(argv))
    except TyperException as fault:
        return _usage(fault, argv)
    except Exception as fault:  # noqa: BLE001 - the outer edge: no traceback reaches a responder
        from opsctl.model.errors import OpsctlError

        error = _of_this_machine(fault) if isinstance(fault, OSError) else fault
        if isinstance(error, OpsctlError):
            return end_badly(error, argv, _command(argv))
        return end_bug(fault, argv, _command(argv))


def _of_this_machine(fault: OSError) -> "OpsctlError":
    from opsctl.model.errors import OpsctlError

    what = f"{fault.filename}: " if fault.filename else ""
    runs = local_command("runs", "list")
    error = OpsctlError(f"{what}{fault.strerror or fault}", f"{runs} shows where a run stands")
    error.__cause__ = fault
    return error


def _command(argv: list[str]) -> str:
    return command_of(typer.main.get_command(app), argv)


def _usage(fault: TyperException, argv: list[str]) -> int:
    context = getattr(fault, "ctx", None)
    if type(fault).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(f"{fault}\n")
        return 2
    return end_usage(message_of(fault), argv, _command(argv), f"{context.command_path} --help" if context else "")
