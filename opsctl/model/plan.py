"""The plan: what was seen, what will be done, for which account, under which digest."""

from typing import Literal

from opsctl.model.changes import Change, Query
from opsctl.model.dossier import Dossier
from opsctl.model.reads import Read
from opsctl.model.sections import Section as Section
from opsctl.model.value import Json, Value, fingerprint


class PlaybookRef(Value):
    """Which playbook, of which content, made the plan."""

    name: str
    version: str
    sha256: str


class FactCall(Value):
    """A fact that can be looked up again later: a registered fact with its arguments, or one raw read."""

    uses: str = ""
    arguments: dict[str, Json] = {}
    read: Read | None = None
    query: str = ""


class PlanCheck(Value):
    """A check of the whole, after all changes: the expression must find nothing.

    `facts` are looked up afresh and are the only facts the expressions may name; what `shows` finds is the
    evidence in the report, what `tells` finds its last line, what `paths` finds the ways in as
    they are then. `stays` was known at plan time to be found after the
    changes as well: it is not waited for, and fails the check unless it was `accepted` by the name `accept`.
    `foretold` is the plan's last line.
    """

    id: str
    none: str
    because: str
    within_s: int
    shows: str = ""
    tells: str = ""
    paths: str = ""
    foretold: str = ""
    stays: tuple[str, ...] = ()
    accept: str = ""
    accepted: bool = False
    facts: dict[str, FactCall]


class UndoWarning(Value):
    """What an undo of the plan's run is to warn of: `facts` are looked up then, and nothing else may be named."""

    id: str
    warn: str
    because: str
    facts: dict[str, FactCall]


class Finding(Value):
    """What a guard found: a warning, or a refusal that a person overrode by name.

    `accepted` is a warning or a demand that a person accepted by name; `pending` a demand that nobody has
    accepted yet: such a plan may be looked at, but not applied.
    """

    id: str
    because: str
    evidence: tuple[str, ...]
    overridden: bool = False
    accepted: bool = False
    pending: bool = False


class NextStep(Value):
    """An opsctl command for when everything is applied, word by word, and what it is good for."""

    words: tuple[str, ...]
    because: str


class Policies(Value):
    """IAM policy documents: `plan` for reading and planning, `apply` for carrying the plan out."""

    plan: dict[str, Json]
    apply: dict[str, Json]


class Plan(Value):
    """A reviewed and bound list of changes, in an order that respects their dependencies.

    `evidence` is what was known besides when the plan was made, for whoever decides: nothing depends on it, some
    of it may have come late, and so it is outside of the digest.

    `references` are outputs of changes of other plans: an inverse needs those of the plan it undoes.
    `reached_by` are the switches that led whoever planned to the account, `configuration` the files that bound it.
    """

    schema_: Literal["opsctl.plan/v1"] = "opsctl.plan/v1"
    id: str
    digest: str = ""
    created: str
    expires: str
    opsctl_version: str
    playbook: PlaybookRef
    title: str
    account: str
    account_alias: str = ""
    partition: str = "aws"
    region: str
    caller: str
    endpoint: str = ""
    reached_by: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()
    inputs: dict[str, Json]
    confirm: str = ""
    facts: dict[str, Json]
    paths: Json = None
    sections: tuple[Section, ...] = ()
    warnings: tuple[Finding, ...] = ()
    changes: tuple[Change, ...]
    checks: tuple[PlanCheck, ...] = ()
    outputs: dict[str, Json] = {}
    next: tuple[NextStep, ...] = ()
    notes: str = ""
    undo_of: str = ""
    undo_warnings: tuple[UndoWarning, ...] = ()
    evidence: Dossier | None = None
    references: dict[str, Query] = {}
    iam_policy: Policies

    model_config = {"alias_generator": lambda name: name.rstrip("_")}

    def to_json(self) -> dict[str, Json]:
        """Return the plan as the JSON object of a plan file."""
        data: dict[str, Json] = self.model_dump(mode="json", by_alias=True)
        return data

    def computed_digest(self) -> str:
        """Return the digest of everything in the plan but the digest itself and the evidence.

        Plans made before there were warnings of an undo have none, and keep their digest.
        """
        left_out = {"digest", "evidence"} | (set() if self.undo_warnings else {"undo_warnings"})
        return fingerprint({k: v for k, v in self.to_json().items() if k not in left_out})

    def sealed(self) -> "Plan":
        """Return the same plan carrying its digest."""
        return self.model_copy(update={"digest": self.computed_digest()})

    def change(self, change_id: str) -> Change:
        """Return the change with that id; raises KeyError."""
        for change in self.changes:
            if change.id == change_id:
                return change
        raise KeyError(change_id)

    @property
    def short_digest(self) -> str:
        """The beginning of the digest, as plans show it and `apply --digest` takes it."""
        return self.digest.removeprefix("sha256:")[:12]

    @property
    def pending(self) -> tuple[str, ...]:
        """The names of what has to be accepted before the plan may be applied."""
        return tuple(finding.id for finding in self.warnings if finding.pending)

    @property
    def unaccepted(self) -> tuple[str, ...]:
        """The names by which what checks will still find could be accepted, and was not."""
        return tuple(check.accept for check in self.checks if check.stays and not check.accepted)

    @property
    def foretold(self) -> tuple[str, ...]:
        """What the plan says last of how things stand once it is applied."""
        return tuple(check.foretold for check in self.checks if check.foretold)

    @property
    def severe(self) -> bool:
        """Whether any change needs the target's name typed."""
        return any(change.risk.severity == "severe" for change in self.changes)
