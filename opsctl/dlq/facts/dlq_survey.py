"""Finds every dead-letter queue of the region."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.audit.listing import DeadLetterRow, rows_of
from opsctl.dlq.audit.reading import read_region
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class Surveyed(Value):
    """The dead-letter queues of a region, most urgent first, and what could not be read."""

    account: str
    region: str
    endpoint: str = ""
    reached_by: tuple[str, ...] = ()
    queues: int
    rows: tuple[DeadLetterRow, ...]
    unknown: tuple[str, ...]


class DlqSurvey(Fact):
    """List the dead-letter queues of the region: what sends to them, how much they hold, how long it lasts.

    Those of queues, functions, event source mappings, subscriptions, rule targets, buses and schedules; also
    queues that look like one and serve nothing, and those whose sources are gone.
    """

    name: ClassVar[str] = "dlq.survey"
    Result: ClassVar[type[Value]] = Surveyed

    destinations: bool = Field(True, description="Whether to ask each function for its on-failure destinations.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the region in four rounds."""
        region = yield from read_region(about, "list", destinations=self.destinations)
        return Surveyed(
            account=about.account,
            region=about.region,
            endpoint=region.endpoint,
            reached_by=region.reached_by,
            queues=len(region.queues),
            rows=rows_of(region),
            unknown=region.unknown,
        )
