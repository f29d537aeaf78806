"""The change by which a group is made to end one of its instances, whichever call says so."""

from opsctl.model.changes import Change, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.resources.asg_member_calls import serves


def ending(
    call: Instruction, group: str, instance: str, *, title: str, why: str, because: str, healthy: bool
) -> Change:
    """Return the change: it is sent only while that very instance is in service, so it never ends a replacement.

    `healthy` asks for more: that the group takes it for healthy, which is what the call alters. `because` says why
    nothing brings it back.
    """
    return Change(
        **dict(call),
        id=instance,
        title=title,
        why=why,
        expect=(serves(group, instance, so=True, healthy=healthy),),
        proof=Proof(configured=(serves(group, instance, so=False, healthy=healthy),), within_s=60),
        undo=Irreversible(because=because),
        risk=Risk(
            severity=Severity.SEVERE,
            affects=(instance,),
            note="The instance ends; nothing serves until its replacement is in service.",
        ),
    )
