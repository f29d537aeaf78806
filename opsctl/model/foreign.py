"""What a playbook that is not shipped asks of the account besides its changes, for a person to agree to."""

from opsctl.model.value import Value


class Part(Value):
    """A parameter as the playbook writes it; `answers` are the facts, steps or items it is taken from."""

    name: str
    text: str
    answers: tuple[str, ...] = ()


class ForeignRead(Value):
    """One raw read, or a fact or action that is handed what a raw read answered.

    `place` is where it stands in the playbook, `call` what is called or used.
    """

    place: str
    call: str
    handed: bool = False
    parts: tuple[Part, ...] = ()

    @property
    def passes_on(self) -> bool:
        """Whether what another call answered goes into this one."""
        return any(part.answers for part in self.parts)
