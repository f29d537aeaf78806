"""What playbooks of the version before call something of make-ha."""

from opsctl.model.former_names import FormerName


def former_names() -> tuple[FormerName, ...]:
    """Return them; each is forgotten with the next version."""
    return (
        FormerName(kind="moved", of="ec2.tag", name="group", now="ha.tag"),
        FormerName(kind="field", of="ha.stop", name="twin", now="standby_instance"),
        FormerName(kind="result", of="ha.preflight", name="twin", now="standby_instance"),
        FormerName(kind="result", of="ha.drill", name="twin", now="standby_instance"),
        FormerName(kind="result", of="ha.drill", name="run_of_twin", now="run_of_standby"),
        FormerName(kind="value", of="ha.status", name="twin", now="standby"),
    )
