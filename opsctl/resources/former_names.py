"""What playbooks of the version before call an action of the general vocabulary."""

from opsctl.model.former_names import FormerName


def former_names() -> tuple[FormerName, ...]:
    """Return them; each is forgotten with the next version."""
    return (FormerName(kind="action", of="ec2.twin", now="ec2.standby"),)
