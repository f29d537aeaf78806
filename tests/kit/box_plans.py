"""Plans over the account of boxes: a creation, an edit that needs it, and one that cannot be undone."""

from opsctl.model.changes import Change, Check, Choice, EditSpec, Element, Instruction, Irreversible, Proof, Query
from opsctl.model.plan import Plan, PlaybookRef, Policies
from opsctl.model.reads import Read
from opsctl.model.references import reference
from tests.kit.ports import IDENTITY


def get_box(name: object) -> Read:
    """The read of one box."""
    return Read(service="box", operation="GetBox", params={"Name": name})


def make_box(name: str, change_id: str = "make") -> Change:
    """A change that creates a box; undo drops it; its name is an output found by listing."""
    return Change(
        id=change_id,
        title=f"make box {name}",
        why="a box is needed",
        kind="call",
        service="box",
        operation="PutBox",
        params={"Name": name, "Items": ["ours"]},
        expect=(Check(read=get_box(name), query="Items", op="empty", says="there is no such box"),),
        proof=Proof(
            configured=(
                Check(read=get_box(name), query="Items", op="contains", value=["ours"], says="the box is there"),
            ),
            within_s=5,
        ),
        undo=Instruction(kind="call", service="box", operation="DropBox", params={"Name": name}),
        outputs={
            "name": Query(
                read=Read(service="box", operation="ListBoxes"), query=f"Boxes[?Name=='{name}'] | [0].Name"
            )
        },
    )


def choosing() -> Change:
    """The creation of a box under the first of two names that is free."""
    taken = Query(read=Read(service="box", operation="ListBoxes"), query="Boxes[].Name")
    at = ("params", "undo.params", "expect.0.read.params", "proof.configured.0.read.params")
    choice = Choice(
        what="name", at=tuple(f"{path}.Name" for path in at), values=("n1", "n2"), taken=taken, conflicts=()
    )
    return make_box("n1").model_copy(update={"choice": choice, "outputs": {}})


def add_item(item: str, box: object, change_id: str = "add", depends_on: tuple[str, ...] = ()) -> Change:
    """A change that adds an item to a box under its lock; undo removes that item only."""

    def edit(op: str) -> Instruction:
        return Instruction.model_validate(
            {
                "kind": "edit",
                "service": "box",
                "operation": "EditBox",
                "params": {"Name": box},
                "edit": EditSpec(
                    read=get_box(box),
                    carry={"Items": "Items", "Lock": "Lock"},
                    elements=(Element.model_validate({"op": op, "at": "Items", "value": item}),),
                    conflicts=("StaleLock",),
                ),
            }
        )

    return Change(
        **dict(edit("add")),
        id=change_id,
        title=f"add {item}",
        why="it belongs there",
        expect=(
            Check(read=get_box(box), query="Items", op="excludes", value=[item], says=f"{item} is not in it"),
        ),
        proof=Proof(
            configured=(
                Check(read=get_box(box), query="Items", op="contains", value=[item], says=f"{item} is in it"),
            ),
            within_s=5,
        ),
        undo=edit("remove"),
        depends_on=depends_on,
    )


def plan_of(*changes: Change, plan_id: str = "20260101-000000-test") -> Plan:
    """Seal changes into a plan."""
    return Plan(
        id=plan_id,
        created="2026-09-21T13:33:20Z",
        expires="2026-09-21T17:33:20Z",
        opsctl_version="0.1.0",
        playbook=PlaybookRef(name="boxes", version="1", sha256="0" * 64),
        title="boxes",
        account=IDENTITY.account,
        region=IDENTITY.region,
        caller=IDENTITY.arn,
        inputs={},
        facts={},
        changes=changes,
        iam_policy=Policies(plan={"Statement": []}, apply={"Statement": []}),
    ).sealed()


def two_step_plan() -> Plan:
    """A box, and an item in it, referring to the box by what its creation puts out."""
    return plan_of(make_box("new"), add_item("x", reference("make", "name"), depends_on=("make",)))


def irreversible(change: Change) -> Change:
    """The same change, honest about having no undo."""
    return change.model_copy(update={"undo": Irreversible(because="it is gone for good")})
