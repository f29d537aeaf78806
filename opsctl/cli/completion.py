"""What the shell offers on TAB: names known on this machine; AWS is never asked."""


def complete_runs(incomplete: str) -> list[tuple[str, str]]:
    """Offer the runs of the journal, newest first, each with its title."""
    from opsctl.model.errors import OpsctlError
    from opsctl.render.inert import shortened
    from opsctl.wiring import open_journal

    try:
        runs = open_journal().runs()
    except OpsctlError:
        return []
    offered = [("last", "the newest run"), *((run.id, shortened(run.title, 60)) for run in runs)]
    return [pair for pair in offered if pair[0].startswith(incomplete)]


def complete_playbooks(incomplete: str) -> list[str]:
    """Offer the shipped playbooks."""
    from opsctl.playbook.places import shipped_names

    return [name for name in shipped_names() if name.startswith(incomplete)]
