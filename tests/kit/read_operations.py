"""Makes the list of reads anew from the installed service models.

`python -m tests.kit.read_operations` prints what is named like a read and is on no list yet. It is gone through by
service: what hands out a secret, acts, or hands out stored contents goes into `opsctl/model/not_reads.txt`.
`python -m tests.kit.read_operations --write` then puts the rest on the list of reads.
"""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import opsctl.model.readonly
from opsctl.aws.service_models import InstalledModels
from opsctl.model.readonly import NAMED_LIKE_A_READ, READS_BY_NAME, listed_reads, not_reads

_HEAD = """\
# The operations that only read: a boto3 client and its operations, sorted. Made from the installed service models
# by `python -m tests.kit.read_operations --write`, which says what to look at first.
# Everything that is named Describe*, List*, Get*, Head*, BatchGet* or Lookup*, but for what not_reads.txt has.
"""


@cache
def named_like_reads() -> frozenset[str]:
    """Return every operation of the installed models that is named like a read, as `service.Operation`."""
    models = InstalledModels()
    return frozenset(
        f"{service}.{operation}"
        for service in models.services()
        for operation in models.operations(service)
        if NAMED_LIKE_A_READ.match(operation)
    )


def unknown_reads() -> list[str]:
    """Return the operations that are named like a read and have no class yet."""
    return sorted(named_like_reads() - listed_reads() - not_reads().keys())


def reads_file() -> Iterator[str]:
    """Yield the lines of the list: what is there already stays, for an older SDK may still know it."""
    by_service: dict[str, list[str]] = {}
    for api in (listed_reads() | named_like_reads() | READS_BY_NAME.keys()) - not_reads().keys():
        service, _, operation = api.partition(".")
        by_service.setdefault(service, []).append(operation)
    yield _HEAD.rstrip("\n")
    for service, operations in sorted(by_service.items()):
        yield " ".join((service, *sorted(operations)))


def main() -> None:
    """Print what is new, or write the list."""
    if "--write" in sys.argv:
        path = Path(opsctl.model.readonly.__file__).with_name("reads.txt")
        path.write_text("".join(f"{line}\n" for line in list(reads_file())), encoding="utf-8")
    else:
        sys.stdout.writelines(f"{api}\n" for api in unknown_reads())


if __name__ == "__main__":
    main()
