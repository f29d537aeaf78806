"""Calls of a wire as movers make them: whatever breaks on the way is no fault of a file on this machine."""

from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Wire
from opsctl.model.value import Json


def ask(wire: Wire, operation: str, params: dict[str, Json]) -> dict[str, Json]:
    """Make one call.

    Raises:
        AwsRefused: it was not carried out.
        OutcomeUnknown: it may have been; also for a fault that the wire does not know.
    """
    try:
        return wire.call(operation, params)
    except (AwsRefused, OutcomeUnknown):
        raise
    except Exception as fault:
        raise OutcomeUnknown(f"sqs.{operation} was interrupted, and may have been carried out: {fault}") from fault
