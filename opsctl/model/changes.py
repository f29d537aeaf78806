"""A change as data: the instruction, and everything a person or an executor must know about it.

A reference to an output of an earlier change is the JSON value `{"$ref": "<change id>.<output>"}`,
anywhere in parameters or in the reads of checks.
"""

from enum import StrEnum
from typing import Literal, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value


def _without_unsaid(data: dict[str, Json], member: str) -> dict[str, Json]:
    """Return what is written of a value without a member that says nothing."""
    return {name: value for name, value in data.items() if name != member or value is not None}


class Query(Value):
    """A JMESPath expression over the answer to a read; a missing resource answers null."""

    read: Read
    query: str


class Check(Query):
    """A predicate on a read: what the query finds, compared with a value.

    `equals`: the same JSON. `contains`: every element of the value is in the list found. `excludes`: none is.
    `lacks`: some element of the value is not. `meets`: some element of it is. `within`: the list found has nothing
    but these.
    `empty`: null, "" or []. `present`: not empty. `networks` compares addresses and CIDR blocks as networks,
    not as text. `context` marks what must also be true but says nothing of this change's own effect: the inverse
    change neither waits for it nor, where it is part of a proof, expects it. What `spares` finds is not asked for:
    those elements of the value do not count.
    """

    op: Literal["equals", "contains", "excludes", "lacks", "meets", "within", "empty", "present"]
    value: Json = None
    networks: bool = False
    context: bool = False
    spares: Query | None = None
    says: str

    @model_serializer(mode="wrap")
    def _as_always(self, write: SerializerFunctionWrapHandler) -> dict[str, Json]:
        # Without anything spared it is written as it was before that could be, under the same digest.
        return _without_unsaid(write(self), "spares")

    @property
    def can_fail(self) -> bool:
        """Whether anything that might be found would break it: every list has all, and none, of no elements."""
        return not (self.op in ("contains", "excludes") and self.value in ([], ()))


class Element(Value):
    """One element of an edit: add to, remove from, set or unset at a dotted path of the document to write.

    A number in the path steps into a list, `[Name=web]` to the item whose member has that value. `unset` takes the
    member away, whatever its value.
    `add` and `remove` work on a list, or on CloudFront's `{Quantity, Items}` (`counted`). `key` names the
    member that identifies an element of a list of objects. `if_empty` limits a `set` to the case that the
    list at that path is empty after the other elements. With `each` the value is a list, and every item of it is
    added or removed.
    """

    op: Literal["add", "remove", "set", "unset"]
    at: str
    value: Json = None
    key: str = ""
    counted: bool = False
    networks: bool = False
    if_empty: str = ""
    each: bool = False

    @model_serializer(mode="wrap")
    def _as_always(self, write: SerializerFunctionWrapHandler) -> dict[str, Json]:
        # Written only where it says something: plans from before it keep their digest.
        data: dict[str, Json] = write(self)
        return {name: value for name, value in data.items() if value or name != "each"}

    @property
    def values(self) -> list[Json]:
        """What is added, removed or set, one by one."""
        return list(self.value) if self.each and isinstance(self.value, (list, tuple)) else [self.value]


class JsonText(Value):
    """A member of the request that AWS carries as a JSON text: parsed before the elements, written after them.

    `at` is its dotted path, `blank` the document to begin with where there is none. When nothing is left in the
    list called `void_without`, the text written is empty, which is how AWS is told that there is none any more.
    """

    at: str
    blank: Json
    void_without: str


class EditSpec(Value):
    """How to rewrite a document that AWS only replaces whole, under AWS's own lock where there is one.

    `carry` maps request members to JMESPath expressions over the fresh read (the lock among them); those
    that find nothing are left out. `document` is the expression whose members are carried as well, as far as the
    operation takes them by the SDK that is installed when it is written. `texts` are the members that hold JSON
    as text. `conflicts` are the error codes that mean: read again and, where what was expected still holds, try
    again. Networks that `spares` finds are not removed, though an element says so.
    """

    read: Read
    carry: dict[str, str]
    document: str = ""
    texts: tuple[JsonText, ...] = ()
    elements: tuple[Element, ...] = ()
    conflicts: tuple[str, ...] = ()
    spares: Query | None = None

    @model_serializer(mode="wrap")
    def _as_always(self, write: SerializerFunctionWrapHandler) -> dict[str, Json]:
        return _without_unsaid(write(self), "spares")

    @property
    def writes_back(self) -> bool:
        """Whether what was read is written again: a deletion or an association only takes the lock from it."""
        return bool(self.elements or self.texts)


class Retry(Value):
    """Error codes that AWS documents as passing (a thing just made is not visible yet), and for how long."""

    codes: tuple[str, ...]
    within_s: int


class Grant(Value):
    """An API call that a job may make, or a permission that AWS asks for besides the call's own."""

    service: str
    operation: str
    params: dict[str, Json] = {}


class Instruction(Value):
    """One mutating API call (`call`), one locked rewrite (`edit`), one poll of the proof (`wait`), or one `job`.

    A job is long work registered by name: its service is `opsctl`, its operation the job's name, and `grants`
    are the API calls it may make. Bytes among the parameters are written as
    `opsctl.model.binary` says.
    """

    kind: Literal["call", "edit", "wait", "job"]
    service: str
    operation: str
    region: str | None = None
    params: dict[str, Json] = {}
    edit: EditSpec | None = None
    retry: Retry | None = None
    grants: tuple[Grant, ...] = ()

    @property
    def api(self) -> str:
        """`service.Operation`, as messages and playbooks write it."""
        return f"{self.service}.{self.operation}"


class Irreversible(Value):
    """The honest statement that a change cannot be undone, and why; with `only_reads` there is nothing to undo."""

    kind: Literal["none"] = "none"
    because: str
    only_reads: bool = False

    @model_serializer(mode="wrap")
    def _as_always(self, write: SerializerFunctionWrapHandler) -> dict[str, Json]:
        # Written only where it says something: plans from before it keep their digest.
        data: dict[str, Json] = write(self)
        return {name: value for name, value in data.items() if value or name != "only_reads"}


class Severity(StrEnum):
    """How much a change can hurt; `severe` asks for the target's name to be typed."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    SEVERE = "severe"


class Risk(Value):
    """What else a change touches, and who is going to revert it."""

    severity: Severity = Severity.LOW
    affects: tuple[str, ...] = ()
    owner: str | None = None
    note: str = ""


class Proof(Value):
    """How to see that a change is done: `configured` at once, `effective` when it has reached the edge.

    `within_s` bounds the wait for each of the two, in seconds; `otherwise` says what to do once that is over.
    `passing` marks a state that is only gone through, so that nobody looks for it once the run is over.
    `gone` is what an inverse change takes back: as long as all of it still holds, nothing was taken back,
    whatever else is so.
    `possible` has to hold for as long as it is waited for: otherwise it can never come, and nobody waits on.
    """

    configured: tuple[Check, ...]
    gone: tuple[Check, ...] = ()
    effective: tuple[Check, ...] = ()
    possible: tuple[Check, ...] = ()
    within_s: int = 30
    otherwise: str = ""
    passing: bool = False

    @model_serializer(mode="wrap")
    def _as_always(self, write: SerializerFunctionWrapHandler) -> dict[str, Json]:
        # Written only where it says something: plans from before it keep their digest.
        data: dict[str, Json] = write(self)
        return {name: value for name, value in data.items() if value or name != "possible"}

    @property
    def checks(self) -> tuple[Check, ...]:
        """All that is asked for it."""
        return (*self.configured, *self.gone, *self.effective, *self.possible)

    @property
    def can_fail(self) -> bool:
        """Whether it says anything: what cannot fail proves nothing."""
        return bool(self.gone) or any(check.can_fail for check in self.configured)


class Choice(Value):
    """A value that is chosen just before the call: the first of `values` that `taken` does not list.

    The plan has the first of them wherever the value stands, which `at` names by dotted paths in the change: in
    the parameters, in the undo, and in the checks that tell this change from another. `conflicts` are the error
    codes that mean that somebody took the value in that moment: the next one is used.
    """

    what: str
    at: tuple[str, ...]
    values: tuple[Json, ...]
    taken: Query
    conflicts: tuple[str, ...]


ANY_REFUSAL = "*"
"""Among the codes of `goes_back`: whatever AWS refuses as invalid, and so would refuse again."""
_LATER = ("undo_expect", "undo_risk", "undo_passing", "turn", "goes_back", "only_ours")


class Change(Instruction):
    """An instruction with its reason, what must hold before it, its proof, its undo and its risk.

    What a `wait` expects has to hold for as long as it waits; it changes nothing, so its undo is never made.
    `undo_only_if` says when the undo may be carried out: where others have come to rely on what was made, it is
    kept. In the inverse change that is `only_if`: unless all of it holds, the change is left out as kept.
    `undo_expect` is what the undo expects where that is less than what the change made: then a part of it may be
    gone already, and the undo takes back the rest.
    `undo_leaves_it` says that the undo does something else than taking away what the change made: another change
    of the same undo does that.
    `lasting` says what of the change stays although it is undone. `undo_risk` is the risk of the undo, where it
    is another than that of the change.
    `undo_first` are the changes that an undo makes before the inverse one: what the account has done since by
    itself may have to be settled first, with other resources than the plan could name.
    `undo_passing` marks what an undo of the run only goes through: the undo of an earlier change ends it.
    `turn` names what belongs together: the changes of one turn are carried out before those of the next. When AWS
    refuses the call with a code of `goes_back`, everything that the run made in the same turn is taken back at
    once, newest first, and the run ends; so it is when what a change with `goes_back` expects does not hold.
    `only_ours` says that what somebody else has made meanwhile does not count as done: it would not be taken back.
    """

    id: str
    title: str
    why: str
    expect: tuple[Check, ...]
    proof: Proof
    undo: Instruction | Irreversible
    risk: Risk = Risk()
    depends_on: tuple[str, ...] = ()
    outputs: dict[str, Query] = {}
    choice: Choice | None = None
    only_if: tuple[Check, ...] = ()
    undo_only_if: tuple[Check, ...] = ()
    undo_expect: tuple[Check, ...] = ()
    undo_leaves_it: bool = False
    lasting: str = ""
    undo_risk: Risk | None = None
    undo_first: tuple["Change", ...] = ()
    undo_passing: bool = False
    turn: str = ""
    goes_back: tuple[str, ...] = ()
    only_ours: bool = False
    origin: str = ""

    @model_serializer(mode="wrap")
    def _as_always(self, write: SerializerFunctionWrapHandler) -> dict[str, Json]:
        # What came later is written only where it says something: the rest keeps the digest that it had.
        data: dict[str, Json] = write(self)
        return {name: value for name, value in data.items() if value or name not in _LATER}

    @property
    def stays(self) -> bool:
        """Whether it changes something that no undo takes back."""
        final = isinstance(self.undo, Irreversible) and not self.undo.only_reads
        return final and self.kind != "wait"

    @model_validator(mode="after")
    def _has_a_proof(self) -> Self:
        # A job knows by its checkpoint what it has done.
        if self.kind != "job" and not self.proof.can_fail:
            raise ValueError(f"the proof of {self.id} cannot fail, so it proves nothing")
        return self
