"""What `opsctl help TOPIC` says; the man pages of section 7 are made of the same text."""

from collections.abc import Callable
from dataclasses import dataclass

from opsctl.model.exits import Exit
from opsctl.model.outcomes import MEANING

CODES = {
    Exit.DONE: "done, or nothing to do",
    Exit.FAILED: "failed: the run can be resumed or undone, and the message says how",
    Exit.USAGE: "bad usage or invalid input, playbook or plan file; nothing was called",
    Exit.REFUSED: "refused by a guard, by the person asked, or because there is nobody to ask",
    Exit.DRIFTED: "drifted: the account no longer matches the plan; nothing further was changed",
    Exit.HAS_CHANGES: "--detailed-exitcode only: the dry run has changes, or a check found something",
    Exit.UNPROVED: "applied, but a proof or check did not hold in time, or a way stays open",
    Exit.INTERRUPTED: "interrupted; the journal knows where",
}
"""What each exit code says."""


@dataclass(frozen=True)
class Topic:
    """A subject of help: one sentence, and paragraphs; one whose lines are indented is shown as it stands."""

    name: str
    summary: str
    paragraphs: Callable[[], tuple[str, ...]]


def _table(rows: list[tuple[str, str]]) -> str:
    width = max(len(left) for left, _ in rows)
    return "\n".join(f"  {left:<{width}}  {right}" for left, right in rows)


def _exit_codes() -> tuple[str, ...]:
    return (
        "A failed change is never 0, and --yes changes no code.",
        _table([(str(int(code)), text) for code, text in CODES.items()]),
        "Terraform's 2, has changes, is 5 here.",
    )


def _output() -> tuple[str, ...]:
    return (
        "Results go to stdout; progress, questions and messages go to stderr, so that -o json | jq always works.",
        _table(
            [
                ("-o text", "for a terminal; -d shows everything"),
                ("-o short", "six lines, for a chat"),
                ("-o json", "one versioned envelope, also of an error and after Ctrl-C"),
                ("-o markdown", "for a ticket or a pull request"),
                ("-o html", "a page with the ways in drawn"),
            ]
        ),
        (
            "Plans and runs have all of these. What only looks has text, json and markdown, and what is on this "
            "machine text and json; --help names the forms of a command, and any other is refused."
        ),
        (
            "--query picks from the JSON by JMESPath and implies it; -r prints the strings that it finds bare, "
            "a list of them one a line. The envelope has schema, command, exit_code, outcome, result and "
            "errors. Each error has a code, a summary, a hint, and the id of the guard that refused, if one "
            "did. The outcomes:"
        ),
        _table([(outcome.value, text) for outcome, text in MEANING.items()]),
        "--notify, or notify: in your configuration, sends the short form to a webhook or an SNS topic.",
    )


def _plans() -> tuple[str, ...]:
    return (
        (
            "A plan is a list of changes, each one API call with a reason, an expectation, a proof, an undo and "
            "a risk. It is shown, approved and carried out by one executor that writes down each intent before "
            "the call and the result after it."
        ),
        _table(
            [
                ("--dry-run", "shows the plan and changes nothing; reading suffices"),
                ("--out plan.json", "saves it: bound to account, region and digest, used once, for 4 hours"),
                ("opsctl show", "shows a saved plan or a run again, in any form"),
                ("opsctl apply", "applies it; --yes needs the --digest that show prints"),
                ("opsctl resume", "goes on with a run that was interrupted or failed"),
                ("opsctl undo", "takes back what a run made, by a plan of its own"),
                ("opsctl verify", "asks every proof and check again"),
            ]
        ),
        (
            "last names the newest run of the account. What a check will still find is accepted by name "
            "(--accept), a guard is set aside by name (--override); opsctl explain says what each means."
        ),
    )


def _playbooks() -> tuple[str, ...]:
    return (
        (
            "Every command that changes something is a YAML file, and a file of your own can do the same. A "
            "value that begins with = is a JMESPath expression over inputs, facts and outputs; it is checked "
            "before anything is called."
        ),
        _table(
            [
                ("opsctl playbook list", "the shipped playbooks"),
                ("opsctl playbook new NAME", "a commented starter"),
                ("opsctl playbook validate FILE", "every fault, with line and column, offline"),
                ("opsctl playbook schema", "the JSON Schema, for editors"),
                ("opsctl playbook reference", "the whole language, in Markdown"),
                ("opsctl run FILE --set k=v", "plans, asks, applies and proves it"),
            ]
        ),
        (
            "What a playbook that is not shipped reads with calls of its own is shown and agreed to first; in a "
            "script by --trust-reads SHA256. --set and --inputs give inputs; the shell completes their names."
        ),
    )


def _environment() -> tuple[str, ...]:
    return (
        (
            "The account is found as every AWS program finds it; switches win over variables, and stand before "
            "or behind the command."
        ),
        _table(
            [
                ("AWS_PROFILE, AWS_REGION, ...", "boto3's own chain; also --profile, --region, --role-arn"),
                ("AWS_ENDPOINT_URL", "another endpoint; also --endpoint-url"),
                ("OPSCTL_STATE_DIR", "the journal; by default ~/.local/state/opsctl"),
                ("OPSCTL_CONFIG", "a configuration file of yours"),
                ("OPSCTL_NOTIFY_WEBHOOK", "the webhook that is told how a run ends"),
                ("XDG_CONFIG_HOME", "opsctl/config.yaml there is yours as well"),
                ("NO_COLOR, FORCE_COLOR, TERM", "colour; COLUMNS is the width"),
            ]
        ),
        (
            "Configuration files add up: lists are united and limits take the stricter. ./opsctl.yaml came with "
            "the directory, and can only make opsctl stricter. Neither --yes nor --confirm has a variable."
        ),
    )


def _safety() -> tuple[str, ...]:
    return (
        (
            "What changes something shows the plan and asks. With no terminal and no --yes it refuses; --yes "
            "skips the question and nothing else."
        ),
        (
            "Severe risk (an instance stops, a geo block, a wide network, an address that changes) and "
            "protected accounts ask for a name to be typed: --confirm NAME in scripts. --max-changes refuses "
            "larger plans."
        ),
        (
            "Undo takes back what a run made and nothing else. Where something cannot be undone, the plan says "
            "so and what was kept. What could not be read is not taken for empty."
        ),
        (
            "The first Ctrl-C finishes the call in flight, the second leaves at once; either way the journal "
            "knows where. Try everything without an account:"
        ),
        "  opsctl --sandbox block-ip 203.0.113.9 --target shop.example.com",
    )


TOPICS = {
    topic.name: topic
    for topic in (
        Topic("exit-codes", "what a finished command tells the shell", _exit_codes),
        Topic("output", "the forms of results, JSON, outcomes and notifications", _output),
        Topic("plans", "plan, approve, apply, verify, resume and undo", _plans),
        Topic("playbooks", "the language that every command is written in", _playbooks),
        Topic("environment", "accounts, variables and configuration files", _environment),
        Topic("safety", "what asks, what refuses, and what is never done", _safety),
    )
}
