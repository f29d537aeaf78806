"""What people are told of a recovery, each message one that can be acted on at night. Pure.

Deployed to AWS Lambda beside handler.py.
"""

from typing import Any

from opsctl.ha.recovery.account import Json

TELLS = {
    "waits": (
        "{instance} still waits ({phase})",
        "{reason}.",
        "{instance} {where} ({state}). The handler tries again every minute{limit}.",
        "{hint}",
    ),
    "soon": (
        "{instance} will be given up in {left} ({phase})",
        "{reason}.",
        "{instance} {where} ({state}), since {waited}. At the end its hook is abandoned; {then}. No data is lost.",
        "{hint}",
    ),
    "abandoned": (
        "gave up on {instance}",
        "{reason}.",
        "The launch of {instance} is abandoned: the group terminates it and launches another. No data is lost.",
        "{hint}",
    ),
    "retained": (
        "{instance} does not let go",
        "{reason}.",
        "The group retains {instance}, and AWS bills it, with its volumes. Nothing was forced off it.",
        "Stop it and detach its volumes by hand if its replacement needs them now; the handler goes on trying.",
    ),
    "gave up": (
        "gave up on {instance}",
        "Its hook was abandoned at {moment}; the message of that moment could not be sent.",
        "{instance} is {state} now.",
        "The reason is in the log group {log_group}, with level warning.",
    ),
    "older": (
        "restoring an older state of the data",
        "{reason}.",
        "{instance} gets the data as it was {age} before its launch (snapshot set {set}). Later writes are lost.",
        "Nothing for the service. The old volumes are kept, tagged opsctl:ha-role=retired: lost writes are there.",
    ),
    "recovered": (
        "recovered on {instance}",
        "{data}",
        "{instance} in {zone} went into service with data and address, {took} after its launch.",
        "Look at the service itself.",
    ),
    "moves on": (
        "the group launches in other zones as well",
        "{reason}.",
        "It may launch in {zones} now. Once an instance is in service, it launches in that zone only.",
        "Nothing. In another zone the data follows by a snapshot, which takes minutes to hours.",
    ),
    "blind": (
        "the recovery cannot see",
        "{reason}.",
        "{instance} waits. Without the handler its hook times out, and a launch is then abandoned.",
        "Restore the permissions of the handler's role.",
    ),
    "cannot fail over": (
        "the failover cannot begin",
        "{reason}.",
        "The alarm on the instance is on, and the standby does nothing. The handler tries again every minute.",
        "Restore the permissions of the handler's role, or start the standby and move data and address by hand.",
    ),
    "cannot tell": (
        "cannot tell whether {instance} has failed",
        "The alarm is on, but {reason}.",
        "The standby does nothing, for no answer is not a failure. The handler looks again every minute.",
        "Look at the service. The standby takes over if you know that {zone} is lost and say so: {command}.",
    ),
    "failed over": (
        "failed over to {instance}",
        "{data}",
        "{instance} in {zone} has data and address. The old instance is stopped and kept; there is no standby.",
        "For a new standby: opsctl undo {run}, opsctl make-ha {instance} --mode standby --group {group}",
    ),
}
"""Subject, what happened, where things stand now, what to do."""

WHERE = {
    "Pending:Wait": "is held back from service",
    "Terminating:Wait": "is on its way out and still has the data",
    "Terminating:Retained": "was given up, and is kept and billed",
    "Terminating:Failed": "is part of a failover to the standby",
}
"""Where an instance stands in a lifecycle state."""


def message(group: str, what: str, facts: dict[str, Any]) -> Json:
    """Return the subject and the text of a notification, as SNS takes them."""
    subject, happened, now, todo = (each.format(**facts) for each in TELLS[what])
    todo += f" See also: opsctl make-ha status {group}"
    text = f"What happened\n{happened}\n\nNow\n{now}\n\nWhat to do\n{todo}\n"
    return {"Subject": f"{group}: {subject}"[:100], "Message": text}
