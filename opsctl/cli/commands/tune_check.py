"""`opsctl tune check` and `explain`: what of a fleet's network is below its best, and what limits one instance."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.options import (
    OF_PLANS,
    AccountOptions,
    ApplyOptions,
    LookOptions,
    Offered,
    Output,
    PlanOptions,
    ShowOptions,
    spliced,
)
from opsctl.cli.playbook_options import Given, inputs_of
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Order, Session
    from opsctl.model.plan import Plan
    from opsctl.model.report import ChangeResult
    from opsctl.tune.fleet_checked import FleetChecked
    from opsctl.tune.guest_answers import GuestNetwork

CHECK_EPILOG = """Examples:

  opsctl tune check i-0123456789abcdef0 'hpc-*'

  opsctl tune check --cluster genomics --detailed-exitcode

  opsctl tune check --all --in-guest --yes

  opsctl tune check --all -o svg > fleet.svg

  opsctl tune check --all -o json --query "result.findings[?severity == 'high'].fix"
"""
EXPLAIN_EPILOG = """Example:

  opsctl tune explain hpc-1
"""
_RUNS_LOOKED_AT = 20
_CheckOptions = Annotated[
    ShowOptions, Offered(forms=(Output.TEXT, Output.JSON, Output.MARKDOWN, Output.HTML, Output.SVG))
]
READING = "reading instances, instance types, placement groups and SSM agents"


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("check", cls=inputs_of("tune-check"), epilog=CHECK_EPILOG)(spliced(check))
    group.command("explain", epilog=EXPLAIN_EPILOG)(spliced(explain))


def check(
    *,
    given: Given,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 5 when anything is below its best.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="With --in-guest: show what would be run, run nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="With --in-guest: do not ask.")] = False,
    account: AccountOptions,
    show: _CheckOptions,
) -> None:
    """Check instances against what their types can do: adapter, EFA, ENA Express, network cards, placement, zone.

    Reads only. With --in-guest, once you agreed, Systems Manager runs a script on the instances that only reads as
    well: drivers, MTU, queues, what the type's allowance holds back. Each finding says what mends it and its cost.
    """
    from opsctl.cli.commands.tune_selected import refuse_no_selection
    from opsctl.cli.front import Order, run_playbook
    from opsctl.cli.looks import look_at
    from opsctl.tune.facts.tune_fleet import TuneFleet
    from opsctl.tune.fleet_checked import FleetChecked

    refuse_no_selection(given)
    order = Order("tune check", account, show)
    if given.values["in_guest"]:
        if dry_run:
            show.refuse_others([form for form in OF_PLANS if form is not Output.SHORT], "with --dry-run")

        def ending(session: "Session", plan: "Plan", results: "Sequence[ChangeResult]") -> int:
            return _show(order, _judged(session, plan, results), detailed=detailed_exitcode)

        run_playbook(order, given, PlanOptions(), ApplyOptions(dry_run=dry_run, yes=yes), ending=ending)
        return
    for flag, switched in (("--yes", yes), ("--dry-run", dry_run), ("--details", show.details)):
        if switched:
            raise typer.BadParameter("it goes with --in-guest; without that nothing is run", param_hint=flag)
    asked = {name: value for name, value in given.values.items() if name != "in_guest"}
    found = look_at(order, TuneFleet.model_validate(asked), FleetChecked, READING, given.flags)
    code = _show(order, found, detailed=detailed_exitcode)
    if code:
        raise typer.Exit(code)


def _judged(session: "Session", plan: "Plan", results: "Sequence[ChangeResult]") -> "FleetChecked":
    """Return the fleet of a run, judged by what its instances answered."""
    from opsctl.tune.fleet_checked import FleetChecked, with_guests
    from opsctl.tune.guest_runs import guests_in

    found = FleetChecked.model_validate(plan.facts["fleet"])
    runtime = session.runtime
    return with_guests(found, guests_in(plan, results), runtime.about.commands, now=runtime.clock.now())


def _show(order: "Order", found: "FleetChecked", *, detailed: bool) -> int:
    """Show a fleet; returns what the command exits with."""
    from opsctl.cli.looks import show_found
    from opsctl.model.exits import Exit
    from opsctl.render.views.fleet_network import html_fleet, markdown_fleet, render_fleet
    from opsctl.render.views.fleet_picture import draw_fleet

    code = int(Exit.HAS_CHANGES if detailed and found.findings else Exit.DONE)
    show_found(
        order,
        Outcome.AUDITED,
        found,
        text=render_fleet,
        markdown=markdown_fleet,
        others={Output.HTML: html_fleet, Output.SVG: partial(draw_fleet, alone=True)},
        code=code,
    )
    return code


def explain(
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="Its id, or its Name tag.")],
    *,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Say what limits the network of an instance now: bandwidth, single flow, ENA Express, cards, EFA.

    What is known inside of it is from the last `tune check --in-guest` of this machine, with its age.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.model.commands import Commands
    from opsctl.render.views.fleet_network import markdown_limits, render_limits
    from opsctl.tune.facts.tune_fleet import TuneFleet
    from opsctl.tune.fleet_checked import FleetChecked, with_guests
    from opsctl.wiring import SystemClock

    order = Order("tune explain", account, show)
    fact = TuneFleet(instances=(instance,))
    found = look_at(order, fact, FleetChecked, READING, {"instances": "INSTANCE"})
    known = _last_read(found)
    if known:
        found = with_guests(found, known, Commands(reached_by=account.words()), now=SystemClock().now())
    show_found(order, Outcome.EXPLAINED, found, text=render_limits, markdown=markdown_limits)


def _last_read(found: "FleetChecked") -> "Sequence[GuestNetwork]":
    """Return what the last runs of this machine were told by those instances; or nothing."""
    from opsctl.model.errors import OpsctlError
    from opsctl.tune.guest_runs import PLAYBOOK, guests_in
    from opsctl.wiring import open_journal
    from opsctl.workflow.reporting import recorded

    wanted = {row.instance.id for row in found.rows}
    known: dict[str, GuestNetwork] = {}
    try:
        journal = open_journal()
        here = [one for one in journal.runs() if (one.account, one.region) == (found.account, found.region)]
        for row in [one for one in here if one.playbook == PLAYBOOK][:_RUNS_LOOKED_AT]:
            report = recorded(journal, row)
            for guest in guests_in(report.plan, report.changes):
                if guest.instance in wanted and guest.devices:
                    known.setdefault(guest.instance, guest)
    except OpsctlError:
        return ()
    return tuple(known.values())
