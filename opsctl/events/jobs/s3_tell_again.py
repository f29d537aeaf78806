"""Tells a destination again of objects that came while S3 followed a cutover, one message each."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.s3_told_again import CameBetween, ToldAs
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import RefusalKind
from opsctl.model.sentences import first_few
from opsctl.model.value import Json

TRIES, PAUSE_S = 5, 2.0


class S3TellAgain(Job):
    """Send a message for each object; what was sent is kept, so that it goes on after the last one.

    A message whose answer was lost may have been sent: it is sent again, and said to be doubtful.
    """

    name: ClassVar[str] = "s3.tell_again"

    told: ToldAs
    objects: tuple[CameBetween, ...]
    destination: str = Field(description="ARN of the queue, topic or function.")
    queue_url: str = Field("", description="URL, where it is a queue.")

    def run(self, tools: Tools) -> JobResult:
        """Send what was not sent."""
        done = int(tools.checkpoint.recall("done") or 0)
        doubtful: list[str] = list(tools.checkpoint.recall("doubtful") or [])
        if done < len(self.objects) and tools.checkpoint.recall("sending") == done:
            doubtful.append(self.objects[done].key)  # an earlier process died over it
        for number in range(done, len(self.objects)):
            if tools.stopping():
                return self._result(number, doubtful)
            tools.progress(f"object {number + 1} of {len(self.objects)}")
            tools.checkpoint.remember("sending", number)
            if not self._sent(tools, self.objects[number]):
                doubtful.append(self.objects[number].key)
            tools.checkpoint.remember("doubtful", doubtful)
            tools.checkpoint.remember("done", number + 1)
        return self._result(len(self.objects), doubtful)

    def _sent(self, tools: Tools, one: CameBetween) -> bool:
        """Send one; tells whether it certainly went once."""
        service, operation, params = self._call(self.told.message(one))
        certain = True
        for left in reversed(range(TRIES)):
            try:
                tools.aws.write(service, operation, params, self.told.region)
            except OutcomeUnknown:
                certain = False
            except AwsRefused as refused:
                if refused.refusal.kind is not RefusalKind.THROTTLED or not left:
                    raise
            else:
                return certain
            tools.clock.sleep(PAUSE_S)
        raise OutcomeUnknown(f"{service}.{operation} was never answered for {one.key}")

    def _call(self, message: str) -> tuple[str, str, dict[str, Json]]:
        service = self.destination.split(":")[2]
        if service == "sqs":
            return "sqs", "SendMessage", {"QueueUrl": self.queue_url, "MessageBody": message}
        if service == "sns":
            return "sns", "Publish", {"TopicArn": self.destination, "Message": message}
        return (
            "lambda",
            "Invoke",
            {"FunctionName": self.destination, "InvocationType": "Event", "Payload": message},
        )

    def _result(self, done: int, doubtful: list[str]) -> JobResult:
        says = f"told of {done} of {len(self.objects)} objects again"
        if doubtful:
            says += f"; {first_few(doubtful, 3)} may have been told twice"
        whole = done == len(self.objects)
        hint = "" if whole else "resume goes on with the next object"
        return JobResult(
            says=says, complete=whole, certain=not doubtful, hint=hint, details={"doubtful": list(doubtful)}
        )
