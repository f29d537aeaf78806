"""Which of the records between its first and last made up a failed stream batch; pure.

A letter names the first and the last record and how many there were. With a filter or a parallelization factor
other records lie between. What Lambda documents of them: a filter takes or drops each record by itself, and the
records of one partition key (Kinesis) or item (DynamoDB) are processed in order, so none of them is in another
batch of the same stretch. Whether that leaves one choice only is worked out here
(docs/decisions/0005-stream-batches.md).
"""

import base64
import json
from collections import Counter
from collections.abc import Sequence

from opsctl.dlq.stream_filters import StreamFilter
from opsctl.model.value import Json, Value

_AGGREGATED = b"\xf3\x89\x9a\xc2"


class StreamMapping(Value):
    """What an event source mapping says of how it reads: `since` is when it was last changed, in seconds."""

    filters: tuple[str, ...] = ()
    unreadable: str = ""
    factor: int = 1
    window_s: int = 0
    fans_out: bool = False
    since: float = 0.0


class Batch(Value):
    """What a letter says of a batch; `arrived` is when its last record came, in seconds, 0 when nobody says."""

    first: int
    last: int
    size: int
    arrived: float = 0.0


def records_of(
    batch: Batch, numbers: Sequence[int], records: Sequence[Json], mapping: StreamMapping | None
) -> list[Json]:
    """Return the records that made up a batch, as its function got them.

    `records` are all that the shard has from its first to its last, with their sequence `numbers`; `mapping` is
    the mapping that read them, None when there is none any more.

    Raises:
        ValueError: they cannot be told for certain, and why.
    """
    _refuse_missing(batch, numbers)
    if mapping is not None and mapping.window_s:
        raise ValueError("its mapping has a tumbling window, and the state of the function is not stored")
    if len(records) == batch.size:
        _refuse_dropped(batch, records, mapping)
        return list(records)
    more = f"{len(records)} records lie where the batch had {batch.size}"
    then = _as_it_was(more, batch, mapping)
    passed = _passed(more, records, then)
    if len(passed) < batch.size or passed[0] is not records[0] or passed[-1] is not records[-1]:
        raise ValueError(f"{more}, and what passes the filter now is not from its first to its last; {_YOURSELF}")
    if len(passed) == batch.size:
        return passed
    if then.filters:
        more = f"{more}, {len(passed)} of them pass its mapping's filter"
    if then.factor == 1:
        raise ValueError(f"{more}, and its mapping reads one batch of a shard at a time; {_YOURSELF}")
    return _of_keys(more, passed, batch)


_YOURSELF = "read the shard and invoke the function yourself"


def _refuse_missing(batch: Batch, numbers: Sequence[int]) -> None:
    if not numbers:
        raise ValueError("the stream does not retain these records any more")
    if numbers[0] != batch.first or numbers[-1] != batch.last or len(numbers) < batch.size:
        raise ValueError(
            f"only {len(numbers)} of the batch's {batch.size} records can be read, not all from its first to its "
            "last: the stream may not retain the others any more"
        )


def _refuse_dropped(batch: Batch, records: Sequence[Json], mapping: StreamMapping | None) -> None:
    """Whether the size counts records that a filter dropped is not documented: the function did not get those."""
    if mapping is None or not mapping.filters or mapping.since > batch.arrived:
        return
    try:
        passed = len(_passed("", records, mapping))
    except ValueError:
        return
    if passed < len(records):
        raise ValueError(
            f"{passed} of the batch's {len(records)} records pass its mapping's filter, so that the function may "
            f"not have got the others; {_YOURSELF}"
        )


def _as_it_was(more: str, batch: Batch, mapping: StreamMapping | None) -> StreamMapping:
    """What a mapping says now counts only if it said so when the batch was made; raises ValueError otherwise."""
    if mapping is None:
        raise ValueError(f"{more}, and the mapping that could tell which was deleted; {_YOURSELF}")
    if mapping.unreadable:
        raise ValueError(f"{more}, and opsctl cannot tell which: {mapping.unreadable}")
    if not batch.arrived or mapping.since > batch.arrived:
        raise ValueError(
            f"{more}, and its mapping was changed after they came, so that its filter may have been another; "
            f"{_YOURSELF}"
        )
    return mapping


def _passed(more: str, records: Sequence[Json], mapping: StreamMapping) -> list[Json]:
    kinesis = "kinesis" in records[0]
    if mapping.fans_out and kinesis and any(_is_aggregated(one) for one in records):
        raise ValueError(f"{more}, and with enhanced fan-out Lambda takes aggregated records apart; {_YOURSELF}")
    try:
        chosen = StreamFilter(mapping.filters, kinesis=kinesis)
        return [one for one in records if chosen.passes(one)]
    except ValueError as fault:
        raise ValueError(f"{more}, and opsctl cannot tell which passed its filter: {fault}; {_YOURSELF}") from None


def _is_aggregated(record: Json) -> bool:
    return base64.b64decode(record["kinesis"]["data"]).startswith(_AGGREGATED)


def _of_keys(more: str, passed: list[Json], batch: Batch) -> list[Json]:
    """The records of the only choice of keys that makes up the batch, if there is only one."""
    keys = [_key(one) for one in passed]
    ends = {keys[0], keys[-1]}
    counts = Counter(keys)
    chosen = only_choice(
        Counter({key: count for key, count in counts.items() if key not in ends}),
        batch.size - sum(counts[key] for key in ends),
    )
    if chosen is None:
        raise ValueError(
            f"{more}, and its mapping reads with a parallelization factor: how Lambda spreads keys is not "
            f"published, and there is not one choice of them only that makes up the batch; {_YOURSELF}"
        )
    return [one for one, key in zip(passed, keys, strict=True) if key in ends or key in chosen]


def _key(record: Json) -> str:
    if "kinesis" in record:
        return str(record["kinesis"]["partitionKey"])
    return json.dumps(record["dynamodb"]["Keys"], sort_keys=True)


def only_choice(counts: Counter[str], wanted: int) -> frozenset[str] | None:
    """The only set of keys whose counts add up to what is wanted; None when there is none or are several.

    Keys of equal count can stand for each other, so that an only choice has all or none of them. `once` and
    `often` have a bit for each sum that can be had, and for each that can be had in more than one way.
    """
    if wanted < 0:
        return None
    sizes = Counter(counts.values())
    within = (1 << (wanted + 1)) - 1
    once, often = 1, 0
    before: list[tuple[int, int]] = []
    for size, many in sorted(sizes.items()):
        before.append((size, once))
        reached, repeated = once, often
        for taken in range(1, min(many, wanted // size) + 1):
            shift = taken * size
            once_more, often_more = (reached << shift) & within, (repeated << shift) & within
            often |= often_more | (once & once_more) | (once_more if taken < many else 0)
            once |= once_more
    if not once >> wanted & 1 or often >> wanted & 1:
        return None
    taken_sizes = set()
    left = wanted
    for size, reachable in reversed(before):
        if not reachable >> left & 1:
            taken_sizes.add(size)
            left -= size * sizes[size]
    return frozenset(key for key, count in counts.items() if count in taken_sizes)
