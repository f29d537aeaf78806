"""What `opsctl sandbox fault` does: faults switched on and off, and the list of those that are on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsctl.model.errors import InvalidInput
from opsctl.render.inert import visible

if TYPE_CHECKING:
    from opsctl.sandbox.client import SandboxEndpoint
    from opsctl.sandbox.faults import FaultsFound


def switch(endpoint: "SandboxEndpoint", asked: Sequence[str], *, mend: bool) -> "FaultsFound":
    """Switch faults on, or off with `mend`: all of them where none is named.

    Raises:
        InvalidInput: it is no fault, or befalls nothing that is there; nothing was switched.
    """
    from opsctl.sandbox.client import switch_faults
    from opsctl.sandbox.faults import FaultsAsked, refuse_bad_faults

    refuse_bad_faults(asked)
    named = tuple(asked)
    wanted = FaultsAsked(mended=named, mend_all=not named) if mend else FaultsAsked(broken=named)
    found = switch_faults(endpoint, wanted)
    if found.unknown:
        names = ", ".join(one.partition("=")[2] for one in found.unknown)
        raise InvalidInput.one(f"nothing in the sandbox is called {names}", source="FAULT")
    return found


def words_of(found: "FaultsFound") -> str:
    """List what goes wrong, with what that means; what could, where nothing does."""
    from opsctl.sandbox.faults import SWITCHES

    if found.faults:
        return "\n".join(f"{visible(one):<36} {SWITCHES[one.partition('=')[0]].says}" for one in found.faults)
    could = [f"  {f'{name}={one.befalls}':<26} {one.says}" for name, one in SWITCHES.items()]
    return "\n".join(["nothing is made to go wrong; what can be:", *could])
