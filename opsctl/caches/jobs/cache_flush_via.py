"""Empties the nodes of a cache by a script on an instance that reaches them, primary after primary."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.caches.cache_script import Asked, script_for
from opsctl.caches.node_answers import parse_answers, parse_primaries
from opsctl.caches.sliced_flush import SlicedFlush
from opsctl.model.jobs import Tools
from opsctl.model.spans import span
from opsctl.model.value import Json
from opsctl.resources.jobs.ssm_command import told
from opsctl.resources.ssm_calls import CommandAnswer, Document
from opsctl.resources.ssm_sending import CommandSending, RemoteScript, answers_of

POLL_S, POLL_AT_MOST_S = 2.0, 15.0
DELIVER_WITHIN_S, A_NODE_S = 120, 100
_DOES: dict[Asked, str] = {
    "nodes": "asking which nodes are primaries",
    "look": "asking each node how much it holds",
    "flush": "emptying nodes",
}
DOCUMENT: Document = "AWS-RunShellScript"


class CacheFlushVia(SlicedFlush):
    """Ask an instance which primaries there are and how much each holds, then have it empty them slice by slice.

    Nothing is emptied before every primary has answered. With cluster mode on the primaries are asked for again at
    the end, and those that have come meanwhile are emptied too.
    """

    name: ClassVar[str] = "cache.flush_via"

    instance: str = Field(description="Id of the instance.")
    seeds: tuple[str, ...] = Field(description="HOST/PORT of the primary, of every node, or of what tells them.")
    cluster: bool = Field(description="Whether cluster mode is on: the seed tells the primaries.")
    slice_size: int = Field(description="How many nodes are emptied in a slice.")
    begin: tuple[str, ...] = Field(description="What the script begins with.")
    end: tuple[str, ...] = Field(description="What it does with each node.")
    mark: str = Field(description="What the comment of every command has.")

    def slices_of(self, tools: Tools) -> int:
        """By the nodes that have answered; one before anybody was asked."""
        return len(self._slices(tools)) or 1

    def empty(self, tools: Tools, number: int) -> str:
        """Look at every node first, where that was not done; then empty those of one slice."""
        if not self._slices(tools) and (why := self._look(tools)):
            return why
        nodes = self._slices(tools)[number]
        ran, why = self._run(tools, f"flush-{number}", "flush", nodes)
        flushed = [one for one in parse_answers(ran) if one.flushed]
        if why or {one.node for one in flushed} != set(nodes):
            return why or f"{self.instance} did not say that {', '.join(nodes)} was emptied"
        tools.checkpoint.remember(f"flushed-{number}", [one.model_dump() for one in flushed])
        return self._newcomers(tools) if self.cluster and number + 1 == self.slices_of(tools) else ""

    def finish(self, tools: Tools) -> tuple[str, dict[str, Json]]:
        """Say how much there was and is, and tell it node by node."""
        nodes: list[Json] = []
        for number in range(self.slices_of(tools)):
            nodes += tools.checkpoint.recall(f"flushed-{number}") or []
        if not nodes:
            return "", {"items": tools.checkpoint.recall("items") or []}
        before, after = (sum(int(one[name]) for one in nodes) for name in ("before", "after"))
        count = f"{len(nodes)} node{'s' * (len(nodes) != 1)}"
        return f"{count} held {before:,} items, and {after:,} right afterwards", {"nodes": nodes}

    def _slices(self, tools: Tools) -> list[list[str]]:
        return tools.checkpoint.recall("slices") or []

    def _keep(self, tools: Tools, nodes: Sequence[str]) -> None:
        size = self.slice_size
        new = [list(nodes[start : start + size]) for start in range(0, len(nodes), size)]
        tools.checkpoint.remember("slices", [*self._slices(tools), *new])

    def _look(self, tools: Tools) -> str:
        nodes, why = self._primaries(tools, "nodes")
        if why:
            return why
        ran, why = self._run(tools, "look", "look", nodes)
        answers = parse_answers(ran)
        if why or {one.node for one in answers} != set(nodes):
            return why or f"{self.instance} did not say what {', '.join(nodes)} holds"
        tools.checkpoint.remember("items", [one.model_dump() for one in answers])
        self._keep(tools, nodes)
        return ""

    def _primaries(self, tools: Tools, part: str) -> tuple[list[str], str]:
        if not self.cluster:
            return list(self.seeds), ""
        ran, why = self._run(tools, part, "nodes", self.seeds)
        found = parse_primaries(ran)
        return found, why or ("" if found else f"{self.seeds[0]} told no primary: {ran.strip()[:200]}")

    def _newcomers(self, tools: Tools) -> str:
        """Take up primaries that there were not when it began: shards were added, or a replica took over."""
        known = [one for each in self._slices(tools) for one in each]
        found, why = self._primaries(tools, f"again-{len(known)}")
        new = [one for one in found if one not in known]
        if new and not why:
            self._keep(tools, new)
        return why

    def _run(self, tools: Tools, part: str, asked: Asked, nodes: Sequence[str]) -> tuple[str, str]:
        """Run the script once; returns what it said, and why that is no answer.

        A command whose answer was lost is found again; one that has ended without success is sent anew.
        """
        lines = script_for(asked, tuple(nodes), self.begin, self.end)
        script = RemoteScript(
            document=DOCUMENT,
            commands=lines,
            region=self.region,
            mark=self.mark,
            timeout_s=60 + A_NODE_S * len(nodes),
            deliver_within_s=DELIVER_WITHIN_S,
            at_once=1,
            stops=True,
        )
        sending = CommandSending(tools, tools.checkpoint.part(part), script)
        last = answers_of(sending.batches).get(self.instance)
        if not sending.batches or (sending.batches[-1].ran is not None and not _good(last)):
            sending.add([self.instance])
        ran = _waited(tools, sending, script, f"{_DOES[asked]}, on {self.instance}")
        if ran is None:
            return "", f"{self.instance} has not answered yet"
        if _good(ran) and ran.truncated:
            return "", f"{self.instance} said more than Systems Manager keeps of it, so that nodes may be missing"
        return ran.output, "" if _good(ran) else told(ran)


def _good(ran: CommandAnswer | None) -> bool:
    return ran is not None and ran.exit == 0


def _waited(tools: Tools, sending: CommandSending, script: RemoteScript, what: str) -> CommandAnswer | None:
    """Send the last command where that was not done, and wait for it."""
    number, every_s = len(sending.batches) - 1, POLL_S
    sending.send(number)
    deadline = tools.clock.now() + script.within_s(1)
    while True:
        sending.look(number)
        ran = sending.batches[number].ran
        left_s = deadline - tools.clock.now()
        if ran is not None or left_s <= 0 or tools.stopping():
            return ran[0] if ran else None
        tools.progress(f"{what} (at most {span(left_s)})")
        tools.clock.sleep(min(every_s, left_s))
        every_s = min(every_s * 1.5, POLL_AT_MOST_S)
