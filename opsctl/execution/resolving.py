"""Makes the request of a change just before it is sent: references are asked for, and a document is read anew."""

from opsctl.execution.asking import Asking
from opsctl.execution.editing import request_of, without_spared
from opsctl.model.changes import Change
from opsctl.model.errors import AwsRefused
from opsctl.model.ports import Aws


def request_for(change: Change, asking: Asking, aws: Aws) -> dict[str, object]:
    """Return the parameters of the call of a change, with the document of an edit as it is now.

    Raises:
        NotThere: what a reference names, or the path of an element, is not there.
        AwsRefused: the document could not be read.
    """
    params: dict[str, object] = asking.resolve(change.params)
    if change.edit is None:
        return params
    read = change.edit.read
    fresh = {"params": asking.resolve(read.params), "whole": change.edit.writes_back}
    answer = aws.read(read.model_copy(update=fresh))
    if answer.refusal is not None:
        raise AwsRefused(answer.refusal)
    edit = change.edit.model_copy(
        update={
            "elements": tuple(
                element.model_copy(update={"value": asking.resolve(element.value)})
                for element in change.edit.elements
            )
        }
    )
    if edit.spares is not None:
        edit = without_spared(edit, asking.find(edit.spares) or ())
    return request_of(params, edit, answer.value, aws.takes(change.service, change.operation))
