"""What must be so after each process, by what really lies where: it knows nothing of how a redrive works.

That it can fail was tried by planting faults in the product, each of which it noticed within a few hundred worlds:
deleting before sending; taking a failed entry for sent; forgetting at a kill what was in hand; not recording what
may be there twice; taking an empty poll for the end; sending again what came back; sending all to the first route;
sending a group backwards; taking everything for wanted; going over the limit; keeping no backup; leaving hidden
what was held aside; writing a body into a report.
"""

import json
from collections import Counter
from typing import Any

from opsctl.dlq.transfer.transfer import EARLY_S
from opsctl.model.exits import Exit
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from tests.worlds.account import SOURCES, Arrival, tag_of
from tests.worlds.dead_letters import KINDS
from tests.worlds.world import Letter, Outcome, World


class Oracle:
    """Judges a world. Each letter is in exactly one place, or is named as perhaps being in several.

    `named` are the copies that reports admitted, run by run, and `undeleted` what the last report of each says was
    sent and not deleted, which is no leave to send it again; `owed` are those that nobody could name any more, for
    their run was given up.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.named: dict[str, Counter[str]] = {}
        self.undeleted: dict[str, Counter[str]] = {}
        self.owed: Counter[str] = Counter()
        self.purged: Counter[str] = Counter()
        self.imported = False
        self.undoing = False

    def begins(self, plan: Plan, to: str = "", *, edited: bool = False) -> None:
        """A run begins, which sends everything to one place, perhaps, and changed."""
        world = self.world
        self.to, self.edited = to, edited
        sources = [one + world.account.suffix for one in SOURCES[world.spec.topology]]
        there = [one for one in sources if one in world.sqs.queues]
        self.of_bare = there[0] if len(there) == 1 and not edited else ""
        self.plan = plan
        self.job, self.params = plan.changes[-1].operation, plan.changes[-1].params
        self.through = self.job == "dlq.through"
        if self.through:
            self.params = self.params["taking"]
            self.job = "dlq.purge" if "path" in self.params else "dlq.move"
        ours = world.ours()
        self.there = {id_: ours[id_] for id_ in world.dead_ids()}
        self.known = set(ours) - self.there.keys()
        self.undoing = False
        self.before = len(world.sqs.arrivals)
        self.named[plan.id] = Counter()

    def given_up(self) -> None:
        """The run was killed, and nobody goes on with it: another may send again what was sent already."""
        self._look_at_file()
        arrived, dead = self.world.arrived(), self.world.in_dead()
        for tag in self.world.letters:
            excess = self._copies(tag) - self._allowed(tag)
            there = (arrived[tag], dead[tag], self.world.in_parks()[tag])
            self.owed[tag] += max(0, excess) + max(0, sum(map(bool, there)) - 1)

    def undoes(self) -> None:
        """What the run did is taken back as far as that can be: nothing more is to be sent."""
        self.undoing = True
        self.sent_until = len(self.world.sqs.arrivals)

    def judge(self, outcome: Outcome) -> None:
        """Judge what a process came to that was not killed."""
        report = outcome.report if isinstance(outcome.report, dict) and "moved" in outcome.report else None
        if report is None:
            # The undo of a run that was killed before its job began has no job, only a queue to delete.
            assert outcome.exit is not Exit.DONE or outcome.plan.changes[-1].operation == "DeleteQueue"
        else:
            self._note(report)
        self._look_at_file()
        self.every_letter()
        if report is None:
            return
        if self.job == "dlq.import":
            self._import(outcome, report)
        else:
            self._counts(outcome, report)
            self._left(outcome, report)
            self._parked(outcome, report)

    def _look_at_file(self) -> None:
        if self.job == "dlq.purge":
            self.purged = self.world.in_file()

    def every_letter(self, *, ordered: bool = True) -> None:
        """None is lost, or somewhere unnamed, or in the wrong place; order is kept, and nothing leaked.

        Not `ordered` is what somebody brought back by hand from a park that was left: as the manual has it, that
        goes behind what lies in the queue by then.
        """
        for tag in self.world.letters:
            copies = self._copies(tag)
            assert copies + (self.imported and self.purged[tag]) >= 1, f"{tag} is lost"
            allowed = self._allowed(tag)
            assert copies <= allowed, f"{tag} is there {copies} times, and {allowed - 1} copies are named"
        for one in self.world.sqs.arrivals[self.before :]:
            self._arrival(one, self.world.letters[one.tag])
        if ordered:
            self._order()
        assert b"zq-" not in self.world.written(), "a body is in the journal, or was shown"

    def all_home(self) -> None:
        """Nothing that has a home is left in the dead-letter queue, and nothing is hidden, once all is well."""
        stopped: set[str] = set()
        for one in self.world.dead_ids().values():
            letter = self.world.letters[self.world.ours()[one.id]]
            assert one.visible_at <= self.world.base.now(), f"{letter.tag} is hidden still"
            home = self._home(letter)
            if not home.startswith("function:") and home not in self.world.sqs.queues:
                stopped.add(letter.group)
                continue
            behind = bool(letter.group) and letter.group in stopped
            assert behind, f"{letter.tag} has a home and was left"

    def wanted(self, tag: str) -> bool:
        """Whether the run means a letter."""
        return self.world.letters[tag].good or not self.params.get("where")

    def _copies(self, tag: str) -> int:
        world = self.world
        filed = self.purged[tag] if not self.imported else 0
        ours = world.ours()
        there = sum(ours[id_] == tag for id_ in world.dead_ids())
        # Of what is parked a copy may be in its queue still, or be parked twice, until it is all brought back.
        parked = int(not there and world.in_parks()[tag] > 0)
        copies = there + parked + world.arrived()[tag] - world.back[tag] + world.taken[tag] + filed
        # What was deleted with its queue is nowhere; it counts where there is nothing else of it.
        return copies or int(tag in world.lost | world.destroyed)

    def _allowed(self, tag: str) -> int:
        several = (*self.named.values(), *self.undeleted.values())
        return 1 + sum(one[tag] for one in several) + self.owed[tag]

    def _note(self, report: dict[str, Any]) -> None:
        most = dict.fromkeys(report["may_be_twice"], 2) | report.get("copies_at_most", {})
        named: Counter[str] = Counter()
        tags = self.world.ours() | self.world.sqs.parked
        for id_, copies in most.items():
            named[tags[id_]] += copies - 1
        # What was admitted once stays admitted: the copies are there, whatever a later report says.
        self.named[self.plan.id] |= named
        undeleted = (tags[one["id"]] for one in report.get("sent_not_deleted") or ())
        self.undeleted[self.plan.id] = Counter(undeleted)

    def _new(self) -> Counter[str]:
        """What arrived since the run began; of a purge, what is in the file."""
        if self.job == "dlq.purge":
            return self.world.in_file()
        return Counter(one.tag for one in self.world.sqs.arrivals[self.before :])

    def _counts(self, outcome: Outcome, report: dict[str, Any]) -> None:
        world, new = self.world, self._new()
        dead = world.dead_ids().keys() | self.known
        # A FIFO queue drops what an earlier run has sent already: it is there all the same.
        found = new + world.arrived()
        moved = sum(id_ not in dead and found[tag] > 0 for id_, tag in world.ours().items())
        assert report["moved"] <= moved, f"{report['moved']} moved, says the report; {moved} were"
        # What came back of the first seconds cannot be known again where a kill kept its new id from being
        # recorded, or a lost answer from being told: it is there with a time before the start, as if it had been.
        unrecorded = any(lived < EARLY_S for lived in world.lived)
        for tag, count in new.items():
            # What lies there twice, for a run was given up and its park emptied by hand, goes as often.
            lay = max(1, sum(one == tag for one in self.there.values()))
            named = self.named[self.plan.id][tag]
            most = lay + named + (world.back[tag] if unrecorded else bool(named) * world.back_early[tag])
            most += self.owed[tag] if self.job == "dlq.purge" else 0  # the file is of all runs
            assert count <= most, f"{tag} was sent {count} times in one run, {most} are named"
        unmeant = [tag for tag in new if not self.wanted(tag)]
        assert not unmeant or self.job == "dlq.purge", f"{unmeant} were sent, and the filter does not want them"
        limit = int(self.params.get("limit", -1))
        doubted = set(report["may_be_twice"]) | {one["id"] for one in report.get("sent_not_deleted", ())}
        if limit >= 0:
            assert len(new) <= limit + len(doubted), f"{len(new)} were moved of {limit} at most"
        unwanted = sum(not self.wanted(tag) for tag in world.letters)
        assert report.get("left_by_filter", 0) <= unwanted or (self.through and limit >= 0) or self.undoing
        if outcome.exit is Exit.DONE and not self.undoing:
            # One that had been sent and came back may have been removed before the run saw it again.
            least = moved - world.removed
            assert report["moved"] >= least, f"{least} were moved; the report says {report['moved']}"
            assert not doubted
        if self.params.get("backup"):
            filed = world.in_file()
            unsaved = [tag for tag in new if not filed[tag]]
            assert not unsaved, f"{unsaved} were sent and are in no backup"

    def _left(self, outcome: Outcome, report: dict[str, Any]) -> None:
        """What is left is said to be left: one by one, or that and why not everything was looked at."""
        world = self.world
        if self.undoing:
            return
        limit = int(self.params.get("limit", -1))
        stayed = {one["id"] for one in report["stayed_messages"]}
        sent = {one["id"] for one in report["sent_not_deleted"]}
        tags = self.there | {id_: tag for id_, tag in world.sqs.returned.items() if id_ not in self.known}
        left = {tags[id_] for id_ in world.dead_ids() if id_ in tags and self.wanted(tags[id_])}
        left |= {tag for tag in world.in_parks() if self.through and self.wanted(tag)} & set(tags.values())
        # One that arrived before the run looked is told by the id that it had then, not that of its return.
        unnamed = left - {tag for id_, tag in world.ours().items() if id_ in stayed | sent}
        over = 0 <= limit <= report["moved"] + report["stayed"] + len(sent)
        stopped = bool(report["stopped"]) or outcome.exit is Exit.INTERRUPTED
        if outcome.exit is Exit.DONE:
            assert not left or over, f"{sorted(unnamed)} are left, and it says: {outcome.says or 'done'}"
            assert not report["stopped"]
            assert not report["not_looked_at"]
        assert not unnamed or over or stopped, f"{sorted(unnamed)} are left without a word: {outcome.says}"
        for id_ in stayed & self.there.keys() - set(report["may_be_twice"]) - sent:
            tag = self.there[id_]
            assert not self._new()[tag], f"{tag} is said to have stayed, and arrived"

    def _parked(self, outcome: Outcome, report: dict[str, Any]) -> None:
        """What is parked is told, and when it is done none is left; what somebody else deleted is told too."""
        if not self.through:
            return
        world, name = self.world, report["parked"]["queue"]
        if outcome.exit is Exit.DONE:
            assert name not in world.sqs.queues, f"{name} is there still"
        queue = world.sqs.queues.get(name)
        lying = {tag_of(one.body) for one in queue.messages.values()} if queue else set()
        lost = [tag for tag in world.lost if not (world.in_dead() + world.arrived() + world.in_parks())[tag]]
        lost = [
            tag for tag in lost if not world.taken[tag] and not self.purged[tag] and tag not in world.destroyed
        ]
        assert not lost or outcome.exit is not Exit.DONE, f"{lost} are lost, and it says: {outcome.says or 'done'}"
        unsaid = lost and not world.fate.troubled
        assert not unsaid or "somebody else has deleted it" in outcome.says, f"{lost} are lost: {outcome.says}"
        # What a killed process was parking may be there; it is named among what may have been sent.
        told = report["parked"]["now"] + len(report["may_be_twice"]) + len(report.get("sent_not_deleted", ()))
        assert len(lying) <= told, f"{len(lying)} are parked, and the report names {told}"
        if self.undoing:
            more = {one.tag for one in world.sqs.arrivals[self.sent_until :]}
            assert not more, f"{more} were sent by an undo"

    def _import(self, outcome: Outcome, report: dict[str, Any]) -> None:
        new = self._new()
        moved = sum(new.values())
        assert report["moved"] <= moved, f"{report['moved']} sent, says the report; {moved} were"
        missing = [tag for tag in self.purged if not new[tag]]
        if outcome.exit is Exit.DONE:
            assert not missing, f"{missing} are in the file and were not sent"

    def _arrival(self, one: Arrival, letter: Letter) -> None:
        home = self._home(letter)
        assert one.place == home, f"{one.tag} went to {one.place}, it belongs to {home or 'nowhere'}"
        assert one.group == letter.group or one.place.startswith("function:")
        gets = letter.written.body if self.to else letter.kind.gets(_told(letter), letter.written.body)
        if self.edited:
            gets = json.dumps(json.loads(gets) | {"fixed": True})
        came = one.body
        if one.place == "function:mailer":
            (record,) = json.loads(came)["Records"]
            came = record["Sns"]["Message"]
        assert _same(came, gets), f"{one.tag} arrived as {came}"
        if one.body == letter.written.body and not one.place.startswith("function:"):
            assert (one.attributes or {}) == letter.written.attributes or letter.kind.home == "nightly"

    def _home(self, letter: Letter) -> str:
        """Where it belongs; what says nothing of itself is of the one queue that it can be of."""
        return self.to or (self.of_bare if letter.kind is KINDS["garbage"] else letter.home)

    def _order(self) -> None:
        """Within a group and a place letters arrive as they lay, and none that is wanted is overtaken."""
        if not self.world.account.suffix:
            return
        place = {tag: number for number, tag in enumerate(self.there.values())}
        first: dict[str, Arrival] = {}
        for one in self.world.sqs.arrivals[self.before :]:
            if one.tag in place:
                first.setdefault(one.tag, one)
        last: dict[str, int] = {}
        for tag, one in first.items():
            key = f"{one.place} {one.group}"
            assert last.get(key, -1) < place[tag], f"{tag} was overtaken in group {one.group}"
            last[key] = place[tag]
        self._order_in_queues(place)
        if self.job == "dlq.import":
            return  # what goes to the place is of a file, and overtakes nothing of the queue
        for id_ in self.world.dead_ids().keys() & self.there.keys():
            tag = self.there[id_]
            letter = self.world.letters[tag]
            behind = last.get(f"{self._home(letter)} {letter.group}", -1)
            left = tag not in first and self.wanted(tag)
            assert not left or behind < place[tag], f"{tag} was left, and overtaken in group {letter.group}"

    def _order_in_queues(self, place: dict[str, int]) -> None:
        """What came back lies in the order in which it lay, as does what is parked."""
        world = self.world
        ours = self.there | world.sqs.returned | world.sqs.parked
        for queue in (world.sqs.queues.get(world.account.dead), *world.sqs.parks):
            last: dict[str, int] = {}
            for _, one in sorted(queue.messages.items()) if queue else ():
                tag = ours.get(one.id, "")
                if tag not in place or self._allowed(tag) > 1 or one.id in self.known:
                    continue
                group = world.letters[tag].group
                assert last.get(group, -1) <= place[tag], f"{tag} lies behind later ones of group {group}"
                last[group] = place[tag]


def _told(letter: Letter) -> str:
    return json.dumps({"tag": letter.tag, "kind": "good" if letter.good else "bad"})


def _same(text: str, other: str) -> bool:
    try:
        parsed: tuple[Json, Json] = json.loads(text), json.loads(other)
    except ValueError:
        return text == other
    return bool(parsed[0] == parsed[1])
