"""What the words mean that stand under `outcome` and `code` of an error, and how AWS refuses."""

from collections.abc import Iterator
from typing import get_args

from pydantic_core.core_schema import ErrorType

from opsctl.model.explanation import Explanation
from opsctl.model.outcomes import MEANING, Outcome
from opsctl.model.reads import RefusalKind

_OF_OUTCOME = "a command, in its JSON"
_OF_FAULT = "a fault in what somebody wrote: a command line, a playbook, a plan, a configuration"
_OF_REFUSAL = "an answer of AWS"
_TODO: dict[Outcome, str] = {
    Outcome.INCOMPLETE: "Look at what was left and why, and give the command again.",
    Outcome.WRONG: "Each line that is wrong says what to do.",
    Outcome.INVALID: "Mend what the message names and give the command again.",
    Outcome.REFUSED: "Read the guard's evidence; if you are sure, set it aside with the switch in the hint.",
    Outcome.DRIFTED: "Plan again: the new plan shows the account as it is now.",
    Outcome.UNPROVED: "Verify the run in a minute; if it still does not hold, undo it.",
    Outcome.INTERRUPTED: "Resume the run, or undo it.",
    Outcome.UNREAD: "Give the caller the read that the message names, or ask who has it.",
    Outcome.AWS_REFUSED: "Do what AWS's message says, then resume the run, or undo it.",
    Outcome.UNKNOWN: "Verify the run to see whether the call happened, then resume or undo it.",
    Outcome.FAILED: "Do what the hint says.",
    Outcome.BUG: "Give the command again with --debug and report the traceback.",
}
FAULTS: dict[str, tuple[str, str]] = {
    "accept": ("a check accepts what no guard shows", "Name a guard of the playbook, with `stays` beside it."),
    "after": ("a step waits for one that is not there, or steps wait for one another", "Name an earlier step."),
    "alias": ("an alias of YAML stands inside its own anchor", "Write the value out."),
    "anchor": ("YAML anchors and aliases are not part of the language", "Write the value out."),
    "apply-time": ("an output is used where everything is decided when planning", "Use it in parameters only."),
    "call": ("a call lacks its reason, proof, undo or expectation", "Add what the message names."),
    "choice": ("exactly one of several keys is needed", "Keep one of them."),
    "cidr": ("no address or network", "Write it like 203.0.113.9 or 203.0.113.0/24."),
    "default": ("the default does not fit the input's type", "Change the type or the default."),
    "depth": ("nested too deeply", "Flatten the document."),
    "documents": ("a file holds one document", "Keep one, or split the file."),
    "duplicate": ("a key stands twice", "Keep one of them."),
    "duration": ("no duration, or too long", "Write 30s, 5m, 2h or 1d."),
    "empty": ("the file is empty", "Begin with the starter that `playbook new` writes."),
    "encoding": ("the file is not UTF-8", "Save it as UTF-8."),
    "expression": (
        "a JMESPath expression cannot be read, or cannot find what it asks for",
        "See the caret and hint.",
    ),
    "facts": ("facts need one another", "Let one of them do without the other."),
    "foreach": ("foreach needs a list", "Give an expression that finds a list."),
    "guard": ("no guard has this name, or it cannot be set aside", "Take a name that the hint lists."),
    "id": ("an id stands twice", "Give each its own."),
    "input": ("a value cannot be what is asked for", "See the hint for what is."),
    "key": ("a key has to be text", "Quote it."),
    "merge": ("YAML merge keys are not part of the language", "Write the keys out."),
    "ini": ("this is no configuration file of ParallelCluster 2", "See the line."),
    "more": ("there are more faults than are shown", "Mend the first ones and look again."),
    "next": ("a command to type next neither consents nor leads elsewhere", "Leave the switch out."),
    "not-own": ("a key is for your own configuration only", "Move it to the file that the hint names."),
    "notify": ("nobody can be told by this", "Write the ARN of a standard SNS topic, or the URL of a webhook."),
    "octal": ("a number with a leading zero is ambiguous", "Quote it."),
    "operation": ("AWS has no such operation", "Take the name that the hint offers."),
    "output": ("an output has to come from AWS's answer", "Write fixed text into the parameter itself."),
    "params": ("parameters do not fit the operation", "See the parameter and hint."),
    "pcluster": ("a part of a ParallelCluster file is not of the kind that it has to be", "See line and hint."),
    "plan": ("something in a plan file cannot be", "Plan again; do not edit plan files."),
    "read": ("only operations that read may be read", "See the list of reads in the safety model."),
    "reference": ("no earlier step has this output", "Take a name that the hint offers."),
    "says-nothing": ("a key has no effect beside another one", "Remove it, or what it stands beside."),
    "schema": ("ParallelCluster's own schema refuses a part of the file", "See its line and what it says."),
    "serial": ("serial steps do not go over one list", "Give each of them the same foreach."),
    "service": ("there is no AWS client of this name", "Take the name that the hint offers."),
    "size": ("the file is larger than anybody means", "Split it."),
    "surprise": ("YAML readers disagree on this word", "Write true or false, or quote it."),
    "tag": ("YAML tags are not part of the language", "Leave it out."),
    "usage": ("the command line does not parse", "See the command's --help."),
    "uses": ("there is no fact or action of this name", "Take the name that the hint offers."),
    "with": ("a field does not fit the fact or action", "See `playbook schema` with its name."),
    "yaml": ("this is not YAML", "See line and column."),
}
_REFUSALS: dict[RefusalKind, tuple[str, str]] = {
    RefusalKind.DENIED: ("the caller may not make this call", "Ask for the permission, or call as another role."),
    RefusalKind.MISSING: ("what was named does not exist", "Check the name, account and region."),
    RefusalKind.CONFLICT: ("somebody else changed it at the same time", "Give the command again."),
    RefusalKind.THROTTLED: ("AWS takes no more calls right now", "Wait a minute and resume."),
    RefusalKind.INVALID: (
        "AWS does not take these parameters",
        "Read AWS's message; report it as a fault.",
    ),
    RefusalKind.UNREACHABLE: ("no connection to the endpoint", "Check network, proxy, region and endpoint."),
    RefusalKind.UNREADABLE: ("the answer was not one of AWS's", "Check the endpoint and any proxy."),
}


_WARNINGS: dict[str, tuple[str, str, str]] = {
    "former-names": (
        "the playbook uses names of the version before",
        "They work in this version, and the next does not know them.",
        "Write the names that the warning tells.",
    ),
    "iam-any-resource": (
        "the plan's IAM policy allows a call on every resource",
        "Nobody said which resource IAM asks about for this call.",
        "Narrow the policy before you grant it to anybody.",
    ),
}


def explanations() -> Iterator[Explanation]:
    """Yield what each outcome, each code of a fault and each refusal means."""
    for outcome, means in MEANING.items():
        todo = _TODO.get(outcome, "Nothing: it went well.")
        yield Explanation(id=outcome, kind="outcome", of=_OF_OUTCOME, means=means, why="", todo=todo)
    for code, (means, todo) in FAULTS.items():
        yield Explanation(id=code, kind="error", of=_OF_FAULT, means=means, why=_NOTHING_CALLED, todo=todo)
    for kind in get_args(ErrorType):
        if kind not in FAULTS:
            means = f"the value has the wrong shape ({kind.replace('_', ' ')})"
            yield Explanation(id=kind, kind="error", of=_OF_FAULT, means=means, why=_NOTHING_CALLED, todo=_SHAPE)
    for id_, (means, why, todo) in _WARNINGS.items():
        yield Explanation(id=id_, kind="warning", of="a plan", means=means, why=why, todo=todo)
    for refusal, (means, todo) in _REFUSALS.items():
        yield Explanation(id=refusal, kind="error", of=_OF_REFUSAL, means=means, why="", todo=todo)


_NOTHING_CALLED = "Faults are told all at once, before anything is called."
_SHAPE = "Write what the message asks for; `playbook schema` and the reference have each key."
