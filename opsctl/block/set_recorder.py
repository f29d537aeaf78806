"""Records of what a run puts into IP sets: by tags of the set, or by a list of its own where they have no room."""

import hashlib
from collections.abc import Sequence

from opsctl.block import ip_set_calls as ip_sets
from opsctl.block import wafv2
from opsctl.block.recording import Carrier, but_known, but_of, made_room, on_ip_set, record_change
from opsctl.block.records import PARTS_AT_MOST, Ledger, parse_ledger, tags_of
from opsctl.block.terms import Term
from opsctl.block.waf_objects import IP_SET, WafKey
from opsctl.model.changes import Change, Check, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.networks import parse_network
from opsctl.model.value import Json, Value

LIST_PREFIX = "opsctl-list-"
"""How the IP sets are called that only say which addresses a record is about; no rule uses them."""

VISIBLE_WITHIN_S = 60


class SetRecorder(Value):
    """Makes the changes that record addresses; without a term nothing is recorded.

    `ledgers` are the records on the sets that are there, by ARN.
    """

    run: str
    now: float
    region: str
    description: str
    term: Term | None = None
    ledgers: dict[str, Ledger] = {}

    def changes(
        self,
        key: WafKey,
        arn: Json,
        networks: Sequence[str],
        present: Sequence[str],
        before: Sequence[Check],
        maker: str = "",
    ) -> list[Change]:
        """Return what records addresses on a set, before they are put there."""
        if self.term is None:
            return []
        carrier = on_ip_set(key.name, arn, self.region)
        ledger = self.ledgers.get(str(arn), Ledger())
        tags, made = tags_of(self.run, networks, self.term), list[Change]()
        if len(tags) > PARTS_AT_MOST:
            made.append(self._list(key, networks))
            tags = tags_of(self.run, networks, self.term, made[0].params["Name"])
        room = made_room(carrier, ledger, present, len(tags), self.now, f"clear-{key.name}")
        change_id, maker = f"record-{key.name}", made[0].id if made else maker
        return [
            *room,
            *made,
            record_change(carrier, tags, networks, self.term, change_id=change_id, maker=maker, before=before),
        ]

    def relied_on(self, carrier: Carrier, networks: Sequence[str]) -> tuple[Check, ...]:
        """Nobody else relies on what this run put into a set: no other run has recorded any of it."""
        return (carrier.none_named(but_of(self.run), networks), self._no_list(carrier))

    def undo_only_if(self, carrier: Carrier, networks: Sequence[str]) -> tuple[Check, ...]:
        """Something of what this run put into a set is its own alone."""
        return (carrier.not_all_named(but_of(self.run), networks), self._no_list(carrier))

    def _no_list(self, carrier: Carrier) -> Check:
        known = self.ledgers.get(str(carrier.id), Ledger()).keys
        return carrier.no_list(f"{but_of(self.run)} && {but_known(known)}")

    def _list(self, carrying: WafKey, networks: Sequence[str]) -> Change:
        """Create the set that lists addresses: too many for tags, and free of charge while no rule uses it."""
        version = parse_network(networks[0]).version
        mark = hashlib.sha256(carrying.name.encode()).hexdigest()[:8]
        change_id = f"list-{carrying.name}"
        name = f"{LIST_PREFIX}{mark}-{self.run}"
        key = WafKey.of_new(IP_SET, name, carrying.scope, self.region, change_id)
        return Change(
            **dict(ip_sets.create_ip_set(key, version, self.description, self.run, networks)),
            id=change_id,
            title=f"List {len(networks):,} addresses in IP set {name}, which no rule uses",
            why=f"The tags of IP set {carrying.name} have no room to record which addresses are this run's.",
            expect=(key.is_absent(),),
            proof=Proof(configured=(key.exists(),), within_s=VISIBLE_WITHIN_S),
            undo=key.deletion(),
            undo_only_if=(key.is_ours(self.description),),
            outputs=key.outputs(),
        )


def ledgers_of(arns: Sequence[str]) -> Fetching[dict[str, Ledger]]:
    """Read the records on IP sets."""
    if not arns:
        return {}
    answers = yield [wafv2.list_tags(one) for one in arns]
    tags = {
        arn: wafv2.parse_tags(answer.value)
        for arn, answer in zip(arns, answers, strict=True)
        if answer.refusal is None
    }
    return {arn: parse_ledger(one) for arn, one in tags.items()}
