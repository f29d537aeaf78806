"""SQS: one statement of a queue's policy, put there or taken out; the others are written back as they were."""

from opsctl.model.changes import Check, EditSpec, Element, Instruction, JsonText
from opsctl.model.value import Json
from opsctl.resources.queue_facts import queue_attributes


def edit_policy(url: Json, op: str, one: dict[str, Json]) -> Instruction:
    """Add or remove our statement; the others are written back as they were read. SQS has no lock here."""
    element = {"op": op, "at": "Attributes.Policy.Statement", "value": one, "key": "Sid"}
    blank = {"Version": "2012-10-17", "Statement": []}
    return edit_attribute(url, "Policy", blank, "Statement", (Element.model_validate(element),))


def policy_has(url: Json, name: str, one: dict[str, Json], *, present: bool) -> Check:
    """Our statement stands in the policy, or none of its name."""
    found = f"[from_json(Attributes.Policy).Statement][] | [?Sid=='{one['Sid']}']"
    read = queue_attributes(url)
    if present:
        says = f"the policy of {name} lets {one['Principal']['Service']} send"
        return Check(read=read, query=found, op="contains", value=[one], says=says)
    return Check(read=read, query=found, op="empty", says=f"the policy of {name} has no such statement yet")


def edit_attribute(
    url: Json, attribute: str, blank: dict[str, Json], void: str, elements: tuple[Element, ...]
) -> Instruction:
    """Rewrite one attribute that holds JSON; SQS has no lock here, so it is read again just before."""
    return Instruction(
        kind="edit",
        service="sqs",
        operation="SetQueueAttributes",
        params={"QueueUrl": url},
        edit=EditSpec(
            read=queue_attributes(url),
            carry={"Attributes": f"{{{attribute}: Attributes.{attribute}}}"},
            texts=(JsonText(at=f"Attributes.{attribute}", blank=blank, void_without=void),),
            elements=elements,
        ),
    )
