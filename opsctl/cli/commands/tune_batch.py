"""`opsctl tune batch`: what a compute environment of AWS Batch lacks for EFA and placement, and changing it."""

from typing import TYPE_CHECKING

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, Output, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Order

EPILOG = """Examples:

  opsctl tune batch hpc-environment

  opsctl tune batch hpc-environment --job-definition mpi --efa --placement-group near --dry-run

  opsctl tune batch hpc-environment --ena-express

  opsctl tune batch hpc-environment --queues 16 --bandwidth-weighting vpc-1
"""
READING = "reading the compute environment, its launch template, subnets, queues and job definitions"
_WISHES = ("efa", "ena_express", "ena_express_udp", "queues", "placement_group")


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("batch", cls=inputs_of("tune-batch"), epilog=EPILOG)(spliced(batch))


def batch(
    *,
    given: Given,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Check a compute environment and its job definitions for EFA; with a wish, change what it launches.

    The wishes are --efa, --ena-express, --queues, --bandwidth-weighting and --placement-group; without any it only
    looks, and --detailed-exitcode exits with 5 when anything is below its best. Instances of Batch are never
    stopped by hand: Batch replaces them, and jobs that run get --job-minutes.
    """
    from opsctl.cli.front import Order, run_playbook

    order = Order("tune batch", account, show)
    weighs = given.values.get("bandwidth_weighting") not in (None, "keep")
    if weighs or any(given.values.get(name) for name in _WISHES):
        run_playbook(order, given, planning, applying)
    else:
        _look(order, given, detailed=applying.detailed_exitcode)


def _look(order: "Order", given: Given, *, detailed: bool) -> None:
    from opsctl.cli.looks import look_at, show_found
    from opsctl.model.exits import Exit
    from opsctl.render.views.batch_environment import markdown_batch, render_batch
    from opsctl.tune.facts.tune_batch import BatchFound, TuneBatch

    if order.show.output in (Output.HTML, Output.SHORT):
        raise typer.BadParameter("text, json or markdown, where nothing is to be changed", param_hint="--output")
    asked = {name: given.values[name] for name in ("environment", "jobs") if given.values.get(name)}
    found = look_at(order, TuneBatch.model_validate(asked), BatchFound, READING, given.flags)
    lacks = any(one.kind in ("refuse", "lacks") for one in found.findings)
    code = int(Exit.HAS_CHANGES if detailed and lacks else Exit.DONE)
    show_found(order, Outcome.AUDITED, found, text=render_batch, markdown=markdown_batch, code=code)
    if code:
        raise typer.Exit(code)
