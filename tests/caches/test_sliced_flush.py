"""What a flush in slices says on its way."""

from pathlib import Path
from typing import ClassVar

import pytest

from opsctl.caches.sliced_flush import SlicedFlush
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.jobs import Tools
from opsctl.model.value import Json
from tests.kit.ports import FakeClock


class Slices(SlicedFlush):
    """So many slices, each empty at once."""

    name: ClassVar[str] = "test.slices"
    count: int

    def slices_of(self, tools: Tools) -> int:
        return self.count

    def empty(self, tools: Tools, number: int) -> str:
        return ""

    def finish(self, tools: Tools) -> tuple[str, dict[str, Json]]:
        return "", {}


@pytest.mark.parametrize(
    ("count", "says"), [(1, []), (2, ["slice 1 of 2", "next slice in 1m 30s", "slice 2 of 2"])]
)
def test_slices_are_counted_where_there_are_several(count: int, says: list[str], tmp_path: Path) -> None:
    told: list[str] = []
    tools = Tools(
        aws=None,  # type: ignore[arg-type] # nothing is read and nothing called
        queues=lambda _name: pytest.fail("no queue is asked"),
        checkpoint=JobCheckpoint(tmp_path / "job.log", 1000),
        clock=FakeClock(),
        progress=told.append,
        stopping=lambda: False,
    )
    result = Slices(region="eu-west-1", every_s=90, count=count).run(tools)
    assert result.complete
    assert [one for one in told if not one.startswith("next slice") or "1m 30s" in one] == says
