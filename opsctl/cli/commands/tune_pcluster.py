"""`opsctl tune pcluster`: a ParallelCluster configuration file, checked, and mended line by line."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Order
    from opsctl.model.marked import MarkedNode
    from opsctl.tune.pcluster.checked import ClusterChecked
    from opsctl.tune.pcluster.cluster_file import ClusterFile
    from opsctl.tune.surroundings import Surroundings

EPILOG = """Examples:

  opsctl tune pcluster cluster.yaml

  opsctl tune pcluster cluster.yaml --efa hpc --look-up --write

  opsctl tune pcluster cluster.yaml -o json --query "result.findings[?level == 'error'].[line, what]"
"""
READING = "asking EC2 about the types, subnets and security groups of the file"


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("pcluster", epilog=EPILOG)(spliced(pcluster))


def pcluster(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="The cluster's file: version 3, or the ini of 2.")
    ],
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Make the edit that is shown; the file as it was is kept beside it.")
    ] = False,
    efa: Annotated[
        list[str] | None,
        typer.Option(metavar="QUEUE[/RESOURCE]|all", help="Have EFA on there; repeatable. Needs --look-up."),
    ] = None,
    look_up: Annotated[
        bool, typer.Option("--look-up", help="Ask EC2 about types, subnets and security groups; reads only.")
    ] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 5 when anything is below its best.")
    ] = False,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Check a ParallelCluster file against the rules of EFA and placement groups, and mend what has one answer.

    Nothing is asked of AWS without --look-up, and nothing is written without --write. What ParallelCluster would
    refuse ends with 2.
    """
    from opsctl.cli.edited_files import read_text
    from opsctl.cli.front import Order
    from opsctl.tune.pcluster.legacy import is_legacy

    order = Order("tune pcluster", account, show)
    text = read_text(config)
    if is_legacy(text):
        _explain_legacy(order, text, str(config), write=write, efa=efa or [])
        return
    found = _checked(order, config, text, efa or [], look_up=look_up, write=write)
    code = _code_of(found, detailed=detailed_exitcode)
    _show(order, found, code)
    if code:
        raise typer.Exit(code)


def _checked(
    order: "Order", config: Path, text: str, efa: list[str], *, look_up: bool, write: bool
) -> "ClusterChecked":
    from opsctl.cli.edited_files import replace_text
    from opsctl.cli.pcluster_schema import ask_schema, installed
    from opsctl.playbook.marked_yaml import read_marked
    from opsctl.tune.pcluster.checked import check_cluster
    from opsctl.tune.pcluster.cluster_file import parse_cluster

    source = str(config)

    def read(of: str) -> "MarkedNode":
        return read_marked(of, source)

    cluster = parse_cluster(read(text), source)
    around = _asked(order, cluster) if look_up else None
    found, new = check_cluster(text, source, read, efa, around)
    added: dict[str, object] = {}
    if write and new != text:
        backup = replace_text(config, text, new)
        added = {"written": True, "backup": str(backup), "undo": _undo(backup, config)}
    if installed():
        answer = ask_schema(read(new), source, cluster.region)
        added |= {"schema_version": answer.version, "refused": answer.refused}
    return found.model_copy(update=added)


def _undo(backup: Path, config: Path) -> str:
    import shlex

    return shlex.join(("mv", str(backup), str(config.resolve())))


def _asked(order: "Order", cluster: "ClusterFile") -> "Surroundings":
    """Ask EC2 in the Region of the file, where none is typed."""
    from opsctl.cli.looks import look_at
    from opsctl.tune.facts.tune_surroundings import TuneSurroundings
    from opsctl.tune.pcluster.checked import named_there
    from opsctl.tune.surroundings import Surroundings

    account = dataclasses.replace(order.account, region=order.account.region or cluster.region)
    types, subnets, groups = named_there(cluster)
    fact = TuneSurroundings(types=types, subnets=subnets, groups=groups)
    return look_at(dataclasses.replace(order, account=account), fact, Surroundings, READING)


def _code_of(found: "ClusterChecked", *, detailed: bool) -> int:
    from opsctl.model.exits import Exit

    if found.errors or found.refused:
        return int(Exit.USAGE)
    return int(Exit.HAS_CHANGES if detailed and found.below_best else Exit.DONE)


def _show(order: "Order", found: "ClusterChecked", code: int) -> None:
    from opsctl.cli.looks import show_found
    from opsctl.render.views.cluster_file import markdown_cluster, render_cluster

    outcome = Outcome.WRONG if found.errors or found.refused else Outcome.WORKS
    show_found(order, outcome, found, text=render_cluster, markdown=markdown_cluster, code=code)


def _explain_legacy(order: "Order", text: str, source: str, *, write: bool, efa: list[str]) -> None:
    from opsctl.cli.looks import show_found
    from opsctl.render.views.cluster_file import markdown_legacy, render_legacy
    from opsctl.tune.pcluster.legacy import parse_legacy

    if write or efa:
        flag = "--write" if write else "--efa"
        raise typer.BadParameter(
            "a file of version 2 is not edited: convert it with pcluster3-config-converter first", param_hint=flag
        )
    found = parse_legacy(text, source)
    show_found(order, Outcome.EXPLAINED, found, text=render_legacy, markdown=markdown_legacy)
