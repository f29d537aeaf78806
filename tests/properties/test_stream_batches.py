"""Whatever batches Lambda makes of a shard, a letter gives exactly its batch or stays."""

import base64
import itertools
import json
from collections import Counter
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.dlq.stream_batches import Batch, StreamMapping, only_choice, records_of
from opsctl.model.value import Json

KEYS = st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), min_size=1, max_size=24)
SPREADS = st.lists(st.integers(0, 2), min_size=5, max_size=5)


def click(number: int, key: str, *, wanted: bool) -> Json:
    data = json.dumps({"kind": "paid" if wanted else "open"}).encode()
    return {
        "kinesis": {"partitionKey": key, "sequenceNumber": str(number), "data": base64.b64encode(data).decode()}
    }


def batches(
    shard: list[Json], spread: dict[str, int], sizes: list[int], *, filtered: bool
) -> Iterator[list[Json]]:
    """What the function gets: each parallel reader has whole keys, drops by the filter, and cuts as it likes."""
    for reader in sorted(set(spread.values())):
        own = [one for one in shard if spread[one["kinesis"]["partitionKey"]] == reader]
        kept = [one for one in own if not filtered or b"paid" in base64.b64decode(one["kinesis"]["data"])]
        cuts = itertools.cycle(sizes)
        while kept:
            size = next(cuts)
            yield kept[:size]
            kept = kept[size:]


def number_of(record: Json) -> int:
    return int(record["kinesis"]["sequenceNumber"])


@settings(max_examples=200)
@given(
    told=KEYS,
    spread=SPREADS,
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    filtered=st.booleans(),
    parallel=st.booleans(),
)
def test_a_batch_is_told_exactly_or_not_at_all(
    told: list[tuple[str, bool]], spread: list[int], sizes: list[int], filtered: bool, parallel: bool
) -> None:
    shard = [click(number, key, wanted=wanted) for number, (key, wanted) in enumerate(told)]
    patterns = ('{"data": {"kind": ["paid"]}}',) if filtered else ()
    mapping = StreamMapping(filters=patterns, factor=3 if parallel else 1)
    readers = dict(zip("abcde", spread if parallel else [0] * 5, strict=True))
    for batch in batches(shard, readers, sizes, filtered=filtered):
        first, last = number_of(batch[0]), number_of(batch[-1])
        between = shard[first : last + 1]
        about = Batch(first=first, last=last, size=len(batch), arrived=1.0)
        try:
            found = records_of(about, [number_of(one) for one in between], between, mapping)
        except ValueError:
            # Only the spreading of keys may leave it open.
            assert parallel
        else:
            assert found == batch


@given(counts=st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 9)), wanted=st.integers(-1, 40))
def test_an_only_choice_is_what_trying_all_of_them_finds(counts: dict[str, int], wanted: int) -> None:
    every = (set(some) for many in range(len(counts) + 1) for some in itertools.combinations(counts, many))
    fitting = [one for one in every if sum(counts[key] for key in one) == wanted]
    assert only_choice(Counter(counts), wanted) == (fitting[0] if len(fitting) == 1 else None)
