"""The changes that make IP sets equal to a list: what they lack goes in and what it no longer has goes out."""

from collections.abc import Mapping, Sequence

from opsctl.block import ip_set_calls as ip_sets
from opsctl.block.recording import SEEN_WITHIN_S, on_ip_set
from opsctl.block.waf_changes import WafPlan
from opsctl.block.waf_objects import IP_SET, WafKey
from opsctl.model.changes import Change, Check, Proof
from opsctl.model.networks import Network, normal
from opsctl.model.references import reference
from opsctl.model.sentences import first_few
from opsctl.model.value import Json, Value


class Difference(Value):
    """What a set has to get and to lose; `present` is how many it has."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    present: int = 0

    @classmethod
    def between(cls, present: Sequence[str], wanted: Sequence[Network]) -> "Difference":
        """Compare what is there with what should be, network by network."""
        there = dict.fromkeys(map(normal, present))
        should = dict.fromkeys(map(str, wanted))
        return cls(
            added=tuple(one for one in should if one not in there),
            removed=tuple(one for one in there if one not in should),
            present=len(there),
        )


class SyncPlan(WafPlan):
    """A block whose sets are equal to a list, instead of having it among others."""

    def sync_family(
        self,
        version: int,
        wanted: Sequence[Network],
        difference: Difference,
        *,
        rule: str,
        ip_set: str,
        tags: Mapping[str, str],
        tagged: bool,
    ) -> None:
        """Plan the set of a family and its rule, as far as they are missing or differ."""
        known = self._state.sets.get(ip_set)
        if known is None and not wanted:
            return
        maker = ""
        if known is not None:
            key = WafKey.of_arn(IP_SET, known.arn, self._region)
            set_arn: Json = known.arn
            self._filled += [] if tagged else [_tagged(key, set_arn, tags)]
        else:
            maker = f"ip-set-{ip_set}"
            key = WafKey.of_new(IP_SET, ip_set, self._scope, self._region, maker)
            set_arn = reference(maker, "arn")
            self._filled.append(self._create_set(key, version, list(difference.added), maker, tags))
        in_place = rule in self._state.rules
        before = self._order(rule, set_arn, wanted) if in_place and wanted else ()
        if difference.added or difference.removed:
            self._filled.append(self._equal(key, difference, maker, before))
        unused = (ip_sets.nothing_but(key, difference.added),)
        self._unused += unused
        if not in_place:
            self._place_rule(rule, set_arn, wanted, unused, maker)

    def _equal(self, key: WafKey, difference: Difference, maker: str, before: Sequence[Check]) -> Change:
        added, removed = difference.added, difference.removed
        parts = [f"add {len(added):,} ({first_few(added, 3)})"] if added else []
        parts += [f"remove {len(removed):,} ({first_few(removed, 3)})"] if removed else []
        proof = [ip_sets.addresses_in(key, added, present=True)] if added else []
        proof += [ip_sets.addresses_in(key, removed, present=False)] if removed else []
        return self._change(
            ip_sets.exchange_addresses(key, added, removed),
            id=f"equal-{key.name}",
            title=f"IP set {key.name}: {', '.join(parts)}",
            why=f"{self._why} The list has {difference.present + len(added) - len(removed):,} networks.",
            expect=(*_expect(key, difference), *before),
            proof=Proof(configured=tuple(proof), within_s=SEEN_WITHIN_S),
            undo=ip_sets.exchange_addresses(key, removed, added),
            depends_on=(maker,) if maker else (),
        )


def _expect(key: WafKey, difference: Difference) -> tuple[Check, ...]:
    added, removed = difference.added, difference.removed
    found = [ip_sets.addresses_in(key, added, present=False)] if added else []
    found += [ip_sets.addresses_in(key, removed, present=True)] if removed else []
    return tuple(found)


def _tagged(key: WafKey, arn: Json, tags: Mapping[str, str]) -> Change:
    carrier = on_ip_set(key.name, arn, key.scope, key.region)
    return Change(
        **dict(carrier.put(tags)),
        id=f"record-{key.name}",
        title=f"Record on IP set {key.name} which list it is",
        why="Nothing there says so, and so nobody else finds what it is.",
        expect=(carrier.has_none_of(tags),),
        proof=Proof(configured=(carrier.has(tags),), within_s=SEEN_WITHIN_S),
        undo=carrier.take(tags),
    )
