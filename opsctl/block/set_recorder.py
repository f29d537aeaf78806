"""Records of what a run puts into IP sets: by tags of the set, or by a list of its own where they have no room."""

from collections.abc import Sequence

from opsctl.block import ip_set_calls as ip_sets
from opsctl.block.recording import (
    SEEN_WITHIN_S,
    Carrier,
    but_of,
    idle_records,
    made_room,
    on_ip_set,
    record_change,
)
from opsctl.block.records import EXTENDS, PARTS_AT_MOST, TAGS_AT_MOST, VALUE_AT_MOST, Ledger, list_prefix, tags_of
from opsctl.block.terms import Term
from opsctl.block.waf_objects import IP_SET, WafKey
from opsctl.model.changes import Change, Check, Proof
from opsctl.model.networks import parse_network
from opsctl.model.value import Json, Value

MOST_IN_TAGS = PARTS_AT_MOST * VALUE_AT_MOST // len("::1 ")
"""More addresses than this never fit into the tags of a record, however short they are: none is tried."""

LEFT_FREE = 5
"""Tags of an IP set that a run does not plan with: others may record on it at the same moment."""


class SetRecorder(Value):
    """Makes the changes that record addresses; without a term nothing is recorded.

    `ledgers` are the records on the sets that are there, by ARN.
    """

    run: str
    now: float
    description: str
    term: Term | None = None
    ledgers: dict[str, Ledger] = {}

    def has_room(self, arn: str, networks: Sequence[str], present: Sequence[str]) -> bool:
        """Tell whether a set has tags left for the record of some addresses."""
        if self.term is None:
            return True
        if len(networks) > MOST_IN_TAGS:
            return True
        more, ledger = len(tags_of(self.run, networks, self.term)), self._ledger(arn)
        if more > PARTS_AT_MOST or ledger.tags + more <= TAGS_AT_MOST - LEFT_FREE:
            return True
        freed = sum(len(one.tags) for one in idle_records(ledger, present, self.now))
        return ledger.tags - freed + more <= TAGS_AT_MOST - LEFT_FREE

    def changes(
        self,
        key: WafKey,
        arn: Json,
        networks: Sequence[str],
        present: Sequence[str],
        before: Sequence[Check],
        *,
        maker: str = "",
        name: str = "",
        undo_first: tuple[Change, ...] = (),
    ) -> list[Change]:
        """Return what records addresses on a set, before they are put there; `name` tells it from other sets."""
        if self.term is None:
            return []
        carrier, name = on_ip_set(key.name, arn, key.scope, key.region), name or key.name
        tags = tags_of(self.run, networks, self.term) if len(networks) <= MOST_IN_TAGS else {}
        if not tags or len(tags) > PARTS_AT_MOST:
            return [self._list(key, networks, self.term, f"list-{name}", before, undo_first)]
        room = made_room(carrier, self._ledger(arn), present, len(tags), self.now, f"clear-{name}")
        recorded = record_change(
            carrier,
            tags,
            networks,
            self.term,
            change_id=f"record-{name}",
            maker=maker,
            before=before,
            undo_first=undo_first,
        )
        return [*room, recorded]

    def relied_on(self, carrier: Carrier, networks: Sequence[str]) -> tuple[Check, ...]:
        """Nobody else relies on what this run put into a set: no other run has recorded any of it."""
        return (carrier.none_named(but_of(self.run), networks), *self._no_list(carrier))

    def undo_only_if(self, carrier: Carrier, networks: Sequence[str]) -> tuple[Check, ...]:
        """Something of what this run put into a set is its own alone."""
        return (carrier.not_all_named(but_of(self.run), networks), *self._no_list(carrier))

    def _ledger(self, arn: Json) -> Ledger:
        return self.ledgers.get(str(arn), Ledger())

    def _no_list(self, carrier: Carrier) -> tuple[Check, ...]:
        return carrier.no_list_but(self._ledger(carrier.id).lists, self.run)

    def _list(
        self,
        carrying: WafKey,
        networks: Sequence[str],
        term: Term,
        change_id: str,
        before: Sequence[Check],
        undo_first: tuple[Change, ...],
    ) -> Change:
        """Create the set that lists addresses: too many for tags, and free of charge while no rule uses it.

        It has the record among its own tags, so that one call makes both: there is no list of which nobody knows
        what it is about.
        """
        version = parse_network(networks[0]).version
        name = f"{list_prefix(carrying.name)}{self.run.replace(EXTENDS, '-more')}"
        key = WafKey.of_new(IP_SET, name, carrying.scope, carrying.region, change_id)
        creation = ip_sets.create_ip_set(
            key, version, self.description, self.run, networks, tags_of(self.run, (), term)
        )
        return Change(
            **dict(creation),
            id=change_id,
            title=f"List {len(networks):,} addresses in IP set {name}, which no rule uses",
            why=f"The tags of IP set {carrying.name} have no room to record which addresses are this run's.",
            expect=(key.is_absent(), *before),
            proof=Proof(configured=(key.exists(),), within_s=SEEN_WITHIN_S),
            undo=key.deletion(),
            undo_only_if=(key.is_ours(self.description),),
            undo_first=undo_first,
            outputs=key.outputs(),
        )
