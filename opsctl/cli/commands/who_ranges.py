"""`opsctl who --refresh-ranges`: fetches AWS's published ranges, when somebody asks for it and never else."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.block.evidence.range_list import RangeList
    from opsctl.cli.front import Order


def fetch_ranges() -> "tuple[RangeList, Path]":
    """Fetch them, check them, and keep them in the cache directory; returns them and where they are.

    Raises:
        OpsctlError: they could not be fetched, are not what AWS publishes, or cannot be kept.
    """
    from opsctl.aws.ranges_download import download
    from opsctl.block.evidence.published import AT_MOST_BYTES, FILE, URL, list_of
    from opsctl.block.evidence.range_list import parse_range_list
    from opsctl.model.errors import OpsctlError
    from opsctl.wiring import cache_dir

    sys.stderr.write(f"fetching {URL}\n")
    try:
        text = list_of(download(URL, AT_MOST_BYTES))
    except ValueError as fault:
        raise OpsctlError(f"{URL}: {fault}", "the copy that is here is still used") from None
    place = cache_dir() / FILE
    _keep(text, place)
    return parse_range_list(text), place


def fetch_alone(order: "Order") -> None:
    """Fetch them, and say from when they are."""
    from opsctl.cli.output import emit_value
    from opsctl.render.inert import visible

    ranges, place = fetch_ranges()
    count = sum(len(one) for _, _, one in ranges.groups)
    told = {"date": ranges.date, "origin": ranges.origin, "ranges": count, "file": str(place)}
    text = f"AWS's published ranges of {ranges.date} are in use: {count:,} ranges, kept in {place}"
    emit_value(order, Outcome.DONE, told, visible(text))


def _keep(text: str, place: Path) -> None:
    """Replace the file as a whole."""
    from opsctl.model.errors import InvalidInput

    partial = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.write_text(text, encoding="ascii")
        partial.replace(place)
    except OSError as fault:
        partial.unlink(missing_ok=True)
        raise InvalidInput.one(f"{place} cannot be written: {fault.strerror}", source="XDG_CACHE_HOME") from None
