"""Writing the record of a block onto what carries it, and telling whose an address is by what is recorded there.

The record comes before the address: a run that dies between the two leaves a record without a block, which the
next `blocks expire` takes away, and never a block that nobody knows the end of.
"""

import json
from collections.abc import Collection, Mapping, Sequence

from opsctl.block.cloudfront import list_tags
from opsctl.block.inspection.firewall_calls import SERVICE, describe_group, name_of
from opsctl.block.network_acl_calls import describe_network_acl
from opsctl.block.records import PREFIX, TAGS_AT_MOST, BlockRecord, Ledger, key_of, list_prefix
from opsctl.block.terms import NEVER, Term, seconds_of
from opsctl.block.waf_objects import IP_SET, NOT_YET_VISIBLE, list_objects
from opsctl.block.wafv2 import TAGS_A_PAGE
from opsctl.model.changes import Change, Check, Instruction, Proof, Query, Retry
from opsctl.model.countries import CODES
from opsctl.model.errors import RefusedByGuard
from opsctl.model.networks import not_covered, one_text, parse_network, plain_addresses
from opsctl.model.reads import Read
from opsctl.model.sentences import first_few
from opsctl.model.value import Json, Value
from opsctl.resources.marks import tag_list

SEEN_WITHIN_S = 60
TAGS_LATER = Retry(
    codes=(*NOT_YET_VISIBLE.codes, "WAFTagOperationException", "WAFTagOperationInternalErrorException"),
    within_s=NOT_YET_VISIBLE.within_s,
)
"""A set that was made a moment ago takes no tags yet, and the service behind tags fails now and then."""

SETTLED_S = 3600
"""After this long a record has its block, or never gets one."""

FEW_LEFT = 10
"""With fewer tags left than this, records that say nothing any more are cleared away in the same run."""


class Carrier(Value):
    """A resource that carries blocks and their records, and how its tags are read, written and taken off.

    `lists` reads what lists of it there are, by names that begin with `list_prefix`; a network ACL has none.
    """

    title: str
    id: Json
    read: Read
    tags: str
    tagging: Instruction
    untagging: Instruction
    lists: Read | None = None
    list_prefix: str = ""

    def put(self, tags: Mapping[str, str]) -> Instruction:
        """Put tags on."""
        listed: Json = {"Items": tag_list(tags)} if self._of_cloudfront else tag_list(tags)
        return self.tagging.model_copy(update={"params": {**self.tagging.params, "Tags": listed}})

    def take(self, tags: Collection[str]) -> Instruction:
        """Take tags off, whatever their values."""
        keys: Json = [{"Key": key} for key in sorted(tags)] if self._of_ec2 else sorted(tags)
        keys = {"Items": keys} if self._of_cloudfront else keys
        name = "Tags" if self._of_ec2 else "TagKeys"
        return self.untagging.model_copy(update={"params": {**self.untagging.params, name: keys}})

    @property
    def _of_ec2(self) -> bool:
        return self.untagging.service == "ec2"

    @property
    def _of_cloudfront(self) -> bool:
        return self.untagging.service == "cloudfront"

    def has(self, tags: Mapping[str, str]) -> Check:
        """The resource has exactly these values under these keys."""
        return Check(
            read=self.read,
            query=f"{self.tags}[].{{Key: Key, Value: Value}}",
            op="contains",
            value=tag_list(tags),
            says=f"{self.title} records it under {', '.join(sorted(tags))}",
        )

    def has_none_of(self, keys: Collection[str]) -> Check:
        """The resource has no tag of these keys."""
        listed = ", ".join(f"'{key}'" for key in sorted(keys))
        return Check(
            read=self.read,
            query=f"{self.tags}[?contains([{listed}], Key)].Key",
            op="empty",
            says=f"{self.title} has no tag {', '.join(sorted(keys))}",
        )

    def has_some_of(self, keys: Collection[str]) -> Check:
        """The resource has a tag of one of these keys, whatever its value."""
        return Check(
            read=self.read,
            query=f"{self.tags}[].Key",
            op="meets",
            value=sorted(keys),
            says=f"{self.title} records something under {', '.join(sorted(keys))}",
        )

    def named(self, others: str) -> Query:
        """The addresses that the records of others name."""
        return Query(read=self.read, query=f"led_by({self._of(others)}.Value)")

    def not_all_named(self, others: str, networks: Sequence[str]) -> Check:
        """Some of these addresses are in no record of others: these block the rest as well."""
        return Check(
            read=self.read,
            query=self.named(others).query,
            op="lacks",
            value=list(networks),
            networks=True,
            says=f"no other run has recorded {first_few(networks, 3, shown=plain_addresses)} on {self.title}",
        )

    def none_named(self, others: str, networks: Sequence[str]) -> Check:
        """None of these addresses is in a record of others."""
        return Check(
            read=self.read,
            query=self.named(others).query,
            op="excludes",
            value=list(networks),
            networks=True,
            says=f"no other run blocks at {self.title} what this one put there",
        )

    def recorded(self, network: str) -> Check:
        """Some run has recorded this address."""
        return Check(
            read=self.read,
            query=self.named("`true`").query,
            op="contains",
            value=[network],
            networks=True,
            says=f"{self.title} records {plain_addresses(network)}",
        )

    def no_list_but(self, known: Collection[str], run: str = "") -> tuple[Check, ...]:
        """No other run has made a list since those that are known: it may name any address."""
        if self.lists is None:
            return ()
        own = f" && !starts_with(Name, '{self.list_prefix}{run}')" if run else ""
        query = (
            f"IPSets[?starts_with(Name, '{self.list_prefix}') && "
            f"!contains(`{json.dumps(sorted(known))}`, Name){own}].Name"
        )
        says = f"no other run has recorded a list for {self.title} since"
        return (Check(read=self.lists, query=query, op="empty", says=says),)

    def _of(self, others: str) -> str:
        return f"{self.tags}[?starts_with(Key, '{PREFIX}') && {others}]"


def but_of(run: str) -> str:
    """Say that a tag is of another run than this."""
    return f"!starts_with(Key, '{key_of(run)}')"


def but_known(keys: Collection[str]) -> str:
    """Say that a tag is none of these: it was written since they were read."""
    return f"!contains(`{json.dumps(sorted(keys))}`, Key)"


def on_ip_set(name: str, arn: Json, scope: str, region: str) -> Carrier:
    """An IP set as a carrier; its ARN may be a reference."""
    what = {"ResourceARN": arn}
    return Carrier(
        lists=list_objects(IP_SET, scope, region),
        list_prefix=list_prefix(name),
        title=f"IP set {name}",
        id=arn,
        read=Read(
            service="wafv2",
            operation="ListTagsForResource",
            params={**what, "Limit": TAGS_A_PAGE},
            region=region,
        ),
        tags="(TagInfoForResource.TagList || `[]`)",
        tagging=Instruction(
            kind="call", service="wafv2", operation="TagResource", params=what, region=region, retry=TAGS_LATER
        ),
        untagging=Instruction(
            kind="call", service="wafv2", operation="UntagResource", params=what, region=region, retry=TAGS_LATER
        ),
    )


def on_network_acl(network_acl: str) -> Carrier:
    """A network ACL as a carrier: its entries cannot be tagged."""
    what: dict[str, Json] = {"Resources": [network_acl]}
    return Carrier(
        title=f"network ACL {network_acl}",
        id=network_acl,
        read=describe_network_acl(network_acl),
        tags="(NetworkAcls[0].Tags || `[]`)",
        tagging=Instruction(kind="call", service="ec2", operation="CreateTags", params=what),
        untagging=Instruction(kind="call", service="ec2", operation="DeleteTags", params=what),
    )


def on_rule_group(arn: str) -> Carrier:
    """A rule group of Network Firewall as a carrier: its rules cannot be tagged."""
    what: dict[str, Json] = {"ResourceArn": arn}
    call = Instruction(
        kind="call", service=SERVICE, operation="TagResource", params=what, region=arn.split(":")[3]
    )
    return Carrier(
        title=f"rule group {name_of(arn)}",
        id=arn,
        read=describe_group(arn),
        tags="(RuleGroupResponse.Tags || `[]`)",
        tagging=call,
        untagging=call.model_copy(update={"operation": "UntagResource"}),
    )


def on_distribution(arn: str, title: str) -> Carrier:
    """A distribution as a carrier: the countries of its geo restriction cannot be tagged."""
    what: dict[str, Json] = {"Resource": arn}
    call = Instruction(kind="call", service="cloudfront", operation="TagResource", params=what)
    return Carrier(
        title=f"distribution {title}",
        id=arn,
        read=list_tags(arn),
        tags="(Tags.Items || `[]`)",
        tagging=call,
        untagging=call.model_copy(update={"operation": "UntagResource"}),
    )


def record_change(
    carrier: Carrier,
    tags: Mapping[str, str],
    networks: Sequence[str],
    term: Term,
    *,
    change_id: str,
    maker: str = "",
    before: Sequence[Check] = (),
    undo_first: tuple[Change, ...] = (),
) -> Change:
    """Record addresses of a run, where nothing of it is recorded yet.

    `before` is what has to hold for the block that follows: without it nothing is recorded either.
    """
    listed = first_few(networks, 3, shown=plain_addresses)
    return Change(
        **dict(carrier.put(tags)),
        id=change_id,
        title=f"Record it on {carrier.title}",
        why=(
            f"{listed} is blocked {ending(term.until)}: every responder finds that here, and so does whoever "
            "takes away what is due."
        ),
        expect=(carrier.has_none_of(tags), *before),
        proof=Proof(configured=(carrier.has(tags),), within_s=SEEN_WITHIN_S),
        undo=carrier.take(tags),
        undo_expect=(carrier.has_some_of(tags),),
        undo_first=undo_first,
        depends_on=(maker,) if maker else (),
    )


def ending(until: str) -> str:
    """Say until when a block is."""
    return "without an end" if until == NEVER else f"until {until}"


def says_nothing(
    ledger: Ledger, present: Collection[str], record: BlockRecord, now: float, *, weak: bool = False
) -> bool:
    """Tell whether what a record names is not there, or is recorded for longer by another of the same need.

    A record that has ended says nothing where another counts, and with `weak` one without an incident neither.
    One comes before its block, so what was written a moment ago may name what is only about to be there. What is
    in a wider block is there: that may have been put together of it, and be taken apart again.
    """
    if record.list_name or not record.since or seconds_of(record.since) > now - SETTLED_S:
        return False
    ended = seconds_of(record.until) <= now
    over = ended or (weak and not record.incident)
    there = [record.place(one) for one in record.networks if record.place(one) in present]
    if any(ledger.of(one) == record or not (over or ledger.is_outlasted(record, one)) for one in there):
        return False
    gone = [parse_network(one) for one in record.networks if record.place(one) not in present and one not in CODES]
    if ended or not gone:
        return True
    wider = [parse_network(one) for one in present if one in ledger.networks]
    return not_covered(gone, wider) == gone


def clear_change(carrier: Carrier, records: Sequence[BlockRecord], change_id: str) -> Change:
    """Take records off that say nothing any more."""
    tags = {key: value for record in records for key, value in record.tags.items()}
    return taken_off(
        carrier,
        tags,
        change_id=change_id,
        title=f"Clear {len(records)} records on {carrier.title} that say nothing any more",
        why="What they name is no longer blocked there, or is recorded for longer by another run.",
    )


def taken_off(carrier: Carrier, tags: Mapping[str, str], *, change_id: str, title: str, why: str) -> Change:
    """Take tags of records off; undo puts them there again."""
    return Change(
        **dict(carrier.take(tags)),
        id=change_id,
        title=title,
        why=why,
        expect=(carrier.has(tags),),
        proof=Proof(configured=(carrier.has_none_of(tags),), within_s=SEEN_WITHIN_S),
        undo=carrier.put(tags),
    )


def made_room(
    carrier: Carrier, ledger: Ledger, present: Collection[str], more: int, now: float, change_id: str
) -> list[Change]:
    """Return what makes room for a record, nothing where there is enough.

    Raises:
        RefusedByGuard: there is no room, and nothing that can be cleared away.
    """
    if ledger.tags + more <= TAGS_AT_MOST - FEW_LEFT:
        return []
    idle = idle_records(ledger, present, now)
    if ledger.tags + more - sum(len(one.tags) for one in idle) > TAGS_AT_MOST:
        idle = idle_records(ledger, present, now, weak=True)
    _require_room(carrier, ledger, more, sum(len(one.tags) for one in idle))
    return [clear_change(carrier, idle, change_id)] if idle else []


def idle_records(ledger: Ledger, present: Collection[str], now: float, *, weak: bool = False) -> list[BlockRecord]:
    """Return the records among the tags of a resource that say nothing any more."""
    there = set(map(one_text, present))
    return [
        one for one in ledger.records if not one.listed_in and says_nothing(ledger, there, one, now, weak=weak)
    ]


def _require_room(carrier: Carrier, ledger: Ledger, more: int, freed: int) -> None:
    if ledger.tags - freed + more > TAGS_AT_MOST:
        raise RefusedByGuard(
            f"{carrier.title} has {ledger.tags} of {TAGS_AT_MOST} tags, and the record of this block needs "
            f"{more}; nothing was changed",
            "expire the blocks that are due, or unblock what is not needed any more",
            evidence=[
                f"{record.key}: {first_few(map(plain_addresses, record.networks), 3)} {ending(record.until)}"
                + (f", for {record.incident}" if record.incident else "")
                for record in ledger.records[:10]
            ],
        )
