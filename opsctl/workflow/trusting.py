"""Agreement to the reads of a playbook that is not shipped, before the first of them is made."""

from collections.abc import Callable, Sequence

from opsctl.model.errors import RefusedByGuard
from opsctl.model.foreign import ForeignRead
from opsctl.model.playbook import LoadedPlaybook
from opsctl.model.ports import Prompter
from opsctl.model.settings import Settings


def agree_to_reads(
    loaded: LoadedPlaybook,
    reads: Sequence[ForeignRead],
    *,
    trusted: str,
    settings: Settings,
    prompter: Prompter,
    show: Callable[[], None],
    listed: Sequence[str],
) -> None:
    """Return when the playbook's reads may be made; `trusted` is the SHA-256 that was given, or nothing.

    `show` lists the reads for the person who is asked; `listed` says the same for when nobody is there.

    Raises:
        RefusedByGuard: another playbook is trusted than this one, the answer was no, or there is nobody to ask.
    """
    if trusted and trusted != loaded.sha256:
        raise RefusedByGuard(
            f"{loaded.source} is not the playbook that --trust-reads names; nothing was called",
            f"its SHA-256 is {loaded.sha256}: read it, then give that",
            [f"--trust-reads names {trusted}"],
        )
    if not reads or loaded.shipped or loaded.sha256 in (trusted, *settings.trusted_playbooks):
        return
    what = f"{len(reads)} read{'s' if len(reads) != 1 else ''}"
    if not prompter.present:
        raise RefusedByGuard(
            f"{loaded.source} is not shipped with opsctl, and nobody has agreed to its reads; nothing was called",
            f"read it, then add --trust-reads {loaded.sha256}",
            listed,
        )
    show()
    if prompter.ask(f"Make {'this' if len(reads) == 1 else 'these'} {what}? [y/N] ").strip().lower() not in (
        "y",
        "yes",
    ):
        raise RefusedByGuard("its reads were not agreed to; nothing was called")
