"""`opsctl tune`: whether instances have the network that they are paid for."""

import typer

from opsctl.cli.commands import (
    tune_apply,
    tune_batch,
    tune_check,
    tune_data_paths,
    tune_group,
    tune_pcluster,
    tune_spot,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="tune",
        help="Check and change the network of EC2 instances: ENA, EFA, network cards, placement groups, types.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    tune_check.register(group)
    tune_apply.register(group)
    tune_group.register(group)
    tune_batch.register(group)
    tune_pcluster.register(group)
    tune_spot.register(group)
    tune_data_paths.register(group)
    app.add_typer(group)
