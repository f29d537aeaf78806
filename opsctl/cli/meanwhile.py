"""Does, while the account's answers to a plan are awaited, what has to be done before the plan is shown."""

import importlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsctl.aws.account import CachedReader
    from opsctl.model.playbook import LoadedPlaybook
    from opsctl.wiring import Runtime

SCREEN = ("opsctl.cli.kept_plans", "opsctl.cli.output", "opsctl.render.screen", "opsctl.workflow.plan_files")
"""The modules that show a plan."""


def check_first(loaded: "LoadedPlaybook") -> "LoadedPlaybook":
    """Return a playbook that can be planned: checked, unless it is a shipped one, which `meanwhile` checks.

    Raises:
        InvalidInput: it is not shipped, and has faults. Nothing may be asked for such a one.
    """
    from opsctl.wiring import checked

    return loaded if loaded.shipped else checked(loaded)


@contextmanager
def meanwhile(runtime: "Runtime", loaded: "LoadedPlaybook", reader: "CachedReader") -> Iterator[None]:
    """Check a shipped playbook, load what the plan needs later and ask for the account's alias.

    It begins once the first reads for the plan are on their way.

    A shipped playbook is as it was tested, and planning only reads, so both may go side by side. Whatever the
    planning ends with, what is wrong with the playbook comes before it.

    Raises:
        InvalidInput: the playbook has faults; at the end.
    """

    def ask_alias() -> None:
        runtime.wait_until_asked(reader)
        _ = runtime.alias

    def work() -> None:
        runtime.wait_until_asked(reader)
        facts = [runtime.registry.facts.get(one.uses) for one in loaded.playbook.facts.values()]
        for name in (module for fact in facts if fact is not None for module in fact.later):
            importlib.import_module(name)
        if loaded.shipped:
            from opsctl.wiring import checked

            checked(loaded, runtime.registry)
        for name in SCREEN:
            importlib.import_module(name)

    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="meanwhile") as pool:
        done = pool.submit(work)
        pool.submit(ask_alias)
        try:
            yield
        finally:
            reader.under_way.set()
            done.result()
