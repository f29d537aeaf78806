"""Waits until S3 follows a cutover, then lists the objects that came in between: maybe nobody knows of them."""

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from opsctl.model.errors import FactUnknown
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Read
from opsctl.model.spans import span
from opsctl.model.value import Json

STEP_S = 15.0
EARLIER_S = 60
"""Events of so long before the cutover may still have been under way (S3 guide: "a minute or longer")."""
_PUT = "s3.PutBucketNotificationConfiguration"
PAGES_AT_MOST, SHOWN = 50, 200


class S3Gap(Job):
    """Wait, list the keys under a prefix, and keep those that were last written since shortly before the cutover.

    S3 lists by key and not by time, so that every key under the prefix is looked at: 50,000 at most, and it says
    so when there are more. It tells nothing of objects that were deleted meanwhile.
    """

    name: ClassVar[str] = "s3.gap"

    bucket: str
    partition: str
    account: str
    region: str
    prefix: str = ""
    suffix: str = ""
    wait_s: int
    destination: str = Field("", description="ARN of what is to be told of them.")
    record_event: str = Field("", description="Event name, where the destination gets records of S3.")
    mark: str = Field("", description="Id of the run.")
    created: bool = Field(True, description="Whether the entry was told of created objects.")

    def run(self, tools: Tools) -> JobResult:
        """Wait, then list."""
        since = self._since(tools)
        until = since + EARLIER_S + self.wait_s
        while (left := until - tools.clock.now()) > 0:
            if tools.stopping():
                hint = "resume waits for the rest, and lists them then"
                return JobResult(says=f"{span(left)} were left to wait", complete=False, hint=hint)
            tools.progress(f"S3 follows the cutover: {span(left)} left")
            tools.clock.sleep(min(STEP_S, left))
        if not self.created:
            return JobResult(
                says="created objects were not asked for, and of others no list is kept", complete=True
            )
        found, looked, cut = self._between(tools, since, until)
        return self._result(tools, found, looked, since, until, cut=cut)

    def _since(self, tools: Tools) -> float:
        known = tools.checkpoint.recall("since")
        if known is None:
            known = (tools.called_at(_PUT) or tools.clock.now()) - EARLIER_S
            tools.checkpoint.remember("since", known)
        return float(known)

    def _between(self, tools: Tools, since: float, until: float) -> tuple[list[Json], int, bool]:
        found: list[Json] = []
        looked, token = 0, ""
        for page in range(PAGES_AT_MOST):
            params: dict[str, Json] = {"Bucket": self.bucket, "Prefix": self.prefix, "MaxKeys": 1000}
            params["ExpectedBucketOwner"] = self.account
            if token:
                params["ContinuationToken"] = token
            answer = tools.aws.read(Read(service="s3", operation="ListObjectsV2", params=params))
            if answer.refusal is not None:
                raise FactUnknown(answer.refusal)
            listed = answer.value.get("Contents") or []
            looked += len(listed)
            found += [one for one in listed if self._came(one, since, until)]
            token = str(answer.value.get("NextContinuationToken") or "")
            if not token:
                return found, looked, False
            tools.progress(f"looked at {looked:,} keys, page {page + 1}")
        return found, looked, True

    def _came(self, one: Json, since: float, until: float) -> bool:
        when = _seconds(one["LastModified"])
        return since <= when <= until and str(one["Key"]).endswith(self.suffix)

    def _result(
        self, tools: Tools, found: list[Json], looked: int, since: float, until: float, *, cut: bool
    ) -> JobResult:
        count = f"{len(found):,} object{'s' * (len(found) != 1)}"
        says = f"{count} came between {_clock(since)} and {_clock(until)}, of {looked:,} keys that were looked at"
        if cut:
            says += "; there are more keys, which were not looked at"
        if len(found) > SHOWN:
            says += f"; the first {SHOWN} are kept with the run"
        if found:
            resend = tools.commands.opsctl("s3-events", "resend", self.bucket, "--run", self.mark, "--key", "KEY")
            says += ". Each may have been told twice, once or not at all: ask the consumer which it lacks, and "
            says += f"tell it of those: {resend}"
        objects = [
            {
                "key": one["Key"],
                "time": str(one["LastModified"]),
                "size": one.get("Size"),
                "etag": str(one.get("ETag") or "").strip('"'),
            }
            for one in found[:SHOWN]
        ]
        details: dict[str, Json] = {"objects": objects, "found": len(found), "looked": looked, "cut": cut}
        details |= {"bucket": self.bucket, "destination": self.destination, "record_event": self.record_event}
        return JobResult(says=says, complete=True, details=details)


def _seconds(told: Json) -> float:
    when = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
    return when.timestamp()


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S UTC")
