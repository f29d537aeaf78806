"""What a command came to, in one word: the `outcome` of its JSON, which scripts rely on."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a command ended; the documentation has each with its meaning."""

    PLANNED = "planned"
    MATCHES = "matches"
    RUNNING = "running"
    DONE = "done"
    INCOMPLETE = "incomplete"
    LISTED = "listed"
    FOUND = "found"
    CHECKED = "checked"
    AUDITED = "audited"
    INSPECTED = "inspected"
    EXPLAINED = "explained"
    PREVIEWED = "previewed"
    EXPORTED = "exported"
    WORKS = "works"
    WRONG = "wrong"
    STOPPED = "stopped"
    INVALID = "invalid"
    REFUSED = "refused"
    DRIFTED = "drifted"
    UNPROVED = "unproved"
    INTERRUPTED = "interrupted"
    UNREAD = "unread"
    AWS_REFUSED = "aws-refused"
    UNKNOWN = "unknown"
    FAILED = "failed"
    BUG = "bug"


MEANING: dict[Outcome, str] = {
    Outcome.PLANNED: "a plan was made and nothing was changed",
    Outcome.MATCHES: "the account still is as the plan expects (`apply --dry-run`)",
    Outcome.RUNNING: "it is at work: a run, or the sandbox",
    Outcome.DONE: "everything was done and proved, or there was nothing to do",
    Outcome.INCOMPLETE: "a part was done, and the rest was left where it was",
    Outcome.LISTED: "what there is was listed",
    Outcome.FOUND: "what was asked for was found",
    Outcome.CHECKED: "`doctor` looked at everything; the result says what is wrong",
    Outcome.AUDITED: "`dlq audit` or `tune check` looked at everything; the result says what it found",
    Outcome.INSPECTED: "messages were looked at, and are where they were",
    Outcome.EXPLAINED: "the result says what is known of the cause, or what an id means",
    Outcome.PREVIEWED: "the result says what would be sent; nothing was",
    Outcome.EXPORTED: "all messages are in the file, and where they were",
    Outcome.WORKS: "everything that was looked at is as it has to be",
    Outcome.WRONG: "something that was looked at is not as it has to be",
    Outcome.STOPPED: "it is not at work: the sandbox",
    Outcome.INVALID: "the command line, a playbook, a file or the configuration is wrong; nothing was called",
    Outcome.REFUSED: "a guard or a person said no, or there was nobody to ask; nothing was changed",
    Outcome.DRIFTED: "the account no longer matches the plan; nothing further was changed",
    Outcome.UNPROVED: "applied, but a proof or a check did not hold in time",
    Outcome.INTERRUPTED: "ended by Ctrl-C; the journal knows where",
    Outcome.UNREAD: "something that is needed could not be read",
    Outcome.AWS_REFUSED: "AWS refused a call for certain: it was not carried out",
    Outcome.UNKNOWN: "a call was sent and its answer was lost; verifying or resuming the run settles it",
    Outcome.FAILED: "it failed in another way, which the error tells",
    Outcome.BUG: "opsctl or a plug-in of others has a fault; `--debug` shows where",
}
"""What each outcome says, for the documentation."""
