"""One name, one thing: a class or a module of one name does not stand in two rooms for different things."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import opsctl

ROOT = Path(opsctl.__path__[0])
PLUGIN_PARTS = {"facts", "actions", "jobs", "commands", "views"}
"""A plug-in, its command and its view have one name, because they are one thing."""

SAME_CLASS = {
    "Target": "what somebody gave by name, at a balancer and at the making of a world",
    "Found": "what reading an address of a person's text found",
    "Context": "what AWS Lambda calls what a handler is given",
    "Clock": "time",
    "SystemClock": "time",
    "Held": "the handler stands alone: what holds a volume there, what holds a message here",
    "Zone": "the handler stands alone: an Availability Zone there, a hosted zone here",
}
SAME_MODULE = {
    "account": "the way to the account, of opsctl and of the handler that stands alone",
    "evidence": "what speaks for an older volume, in the handler that stands alone; what a run found",
    "origin": "of a distribution, and of a dead letter: the queue that it came from",
    "outcome": "of a drill; of a run, as its last screen shows it",
    "diagnostics": "what they are, and how they are shown",
    "explanations": "what a room says of the ids that it prints, found by this name; and how they are shown",
    "finding": "finding what a person named",
    "foreign_reads": "what they are, and how they are shown",
    "former_names": "what a room called something in the version before, found by this name; and how that is used",
    "functions": "of the language, and of AWS Lambda",
    "instance": "an EC2 instance: what it leads to, and what speaks against it",
    "names": "names",
    "network": "a network: what speaks against it, and one to try things in",
    "paths": "what they are, and how they are shown",
    "places": "of playbooks, of this user's files, and of a group, in the handler that stands alone",
    "queues": "queues: what is wrong with them, and some to try things with",
    "reading": "reading what there is",
    "reads": "reads, and those of make-ha",
    "registry": "what was found by its file's name",
    "route": "of a request, and of a message",
    "rules": "of the audit, and of a playbook",
    "standby": "what speaks against one, and its handler that stands alone",
    "steps": "of a plan, and of its undo",
    "terminal": "what it can do, and what is written to it",
    "whole": "an answer with nothing left out, a queue with nothing left out",
    "dead_letters": "how they are shown, and some to try things with",
}


def _plugin(path: Path) -> bool:
    return path.parent.name in PLUGIN_PARTS


def _in_several_rooms(found: Iterator[tuple[str, Path]]) -> dict[str, list[str]]:
    """Names that stand in several rooms; the sandbox's rules are called after the AWS service that they are of."""
    places = defaultdict(set)
    for name, path in found:
        where = path.relative_to(ROOT)
        if not _plugin(path) and where.parts[:2] != ("sandbox", "rules"):
            places[name].add(str(where))
    return {name: sorted(of) for name, of in places.items() if len({one.split("/")[0] for one in of}) > 1}


def _classes() -> Iterator[tuple[str, Path]]:
    for path in ROOT.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, path


def test_a_public_class_of_one_name_is_one_thing() -> None:
    found = _in_several_rooms(_classes())
    assert {name: of for name, of in found.items() if name not in SAME_CLASS} == {}


def test_a_module_of_one_name_is_one_thing() -> None:
    found = _in_several_rooms((path.stem, path) for path in ROOT.rglob("*.py") if path.name[:2] != "__")
    assert {name: of for name, of in found.items() if name not in SAME_MODULE} == {}
