"""Changes that belong to an undo alone: what they do is a part of it, and has no undo of its own."""

from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof, Query, Risk, Severity

_PART = Irreversible(because="it is a part of an undo")


def step(
    instruction: Instruction,
    id_: str,
    title: str,
    why: str,
    *,
    done: Check,
    expect: tuple[Check, ...] = (),
    only_if: tuple[Check, ...] = (),
    within_s: int = 60,
    otherwise: str = "",
    outputs: dict[str, Query] | None = None,
    passing: bool = False,
    risk: str = "",
) -> Change:
    """Return one call of an undo; one whose risk is told is of medium risk."""
    return Change(
        **dict(instruction),
        id=id_,
        title=title,
        why=why,
        expect=expect,
        proof=Proof(configured=(done,), within_s=within_s, otherwise=otherwise, passing=passing),
        undo=_PART,
        risk=Risk(severity=Severity.MEDIUM, note=risk) if risk else Risk(),
        only_if=only_if,
        outputs=outputs or {},
    )


def wait(
    id_: str,
    why: str,
    *,
    until: Check,
    within_s: int,
    otherwise: str,
    only_if: tuple[Check, ...] = (),
) -> Change:
    """Return one wait of an undo, with what to do when it is in vain."""
    read = Instruction(kind="wait", service=until.read.service, operation=until.read.operation)
    return step(
        read,
        id_,
        f"Wait until {until.says}",
        why,
        done=until,
        only_if=only_if,
        within_s=within_s,
        otherwise=otherwise,
        passing=True,
    )
