"""When a block is to end, checked before anything is called."""

import time

import typer

from opsctl.cli.playbook_options import Given


def refuse_nothing(given: Given) -> None:
    """Refuse to be asked about no address and no country."""
    if not given.values["addresses"] and not given.values["countries"]:
        raise typer.BadParameter("give an address or --country", param_hint="ADDRESS")


def refuse_bad_end(given: Given) -> None:
    """Refuse a time or a moment that is none or has passed, and an end that was given twice."""
    from opsctl.block.terms import ends_at, parse_ttl

    ttl = given.values["ttl"]
    if ttl and given.values["until"]:
        raise typer.BadParameter("give --ttl or --until, not both", param_hint="--until")
    try:
        parse_ttl(ttl or "never")
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--ttl") from None
    try:
        ends_at(None, given.values["until"], time.time())
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--until") from None
