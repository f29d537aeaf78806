"""Makes a Lambda function."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.binary import MARK
from opsctl.model.changes import Change, Instruction, Irreversible, Proof, Query, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, fetch_if_exists
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.lambda_calls import (
    concurrency_is,
    create_function,
    delete_concurrency,
    delete_function,
    function_has_not_failed,
    function_is_absent,
    function_is_active,
    function_is_ours,
    get_function,
    put_concurrency,
)
from opsctl.resources.marks import described, with_mark


class LambdaFunction(Action):
    """Create a function from a zip, wait until it is active, and limit how often it runs at once.

    Undo deletes it. What it fails to do goes to the dead-letter queue or topic.
    """

    name: ClassVar[str] = "lambda.function"
    outputs: ClassVar[tuple[str, ...]] = ("arn",)

    function: str = Field(description="Name of the function; not in use yet.")
    role: str = Field(description="ARN of the role it runs as.")
    zip_base64: str = Field(description="The deployment package, base64.")
    handler: str = Field(description="Entry point, such as handler.lambda_handler.")
    runtime: str = Field(description="Runtime, such as python3.13.")
    timeout_s: int = Field(60, ge=1, le=900, description="Timeout, in seconds.")
    memory_mb: int = Field(256, ge=128, le=10_240, description="Memory, in MiB.")
    environment: dict[str, str] = Field({}, description="Environment variables.")
    dead_letter: str = Field("", description="ARN of the dead-letter queue or topic.")
    concurrency: int = Field(0, ge=0, description="Reserved concurrency; 0: none.")
    tags: dict[str, str] = Field({}, description="Tags of the function.")
    why: str = Field(description="What the function is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateFunction, the wait for it, and one PutFunctionConcurrency."""
        found = yield from fetch_if_exists(get_function(self.function))
        if found is not None:
            raise RefusedByGuard(
                f"there is a function {self.function} already; nothing was changed", "choose another name"
            )
        description = described(about.plan_id, self.why)[-256:]
        created = Change(
            **dict(create_function(self._params(description, about.plan_id))),
            id="create",
            title=f"Create Lambda function {self.function}",
            why=self.why,
            expect=(function_is_absent(self.function),),
            proof=Proof(configured=(function_is_ours(self.function, description),), within_s=60),
            undo=delete_function(self.function),
            risk=Risk(severity=Severity.MEDIUM),
            outputs={"arn": Query(read=get_function(self.function), query="Configuration.FunctionArn")},
        )
        waiting = Change(
            **dict(Instruction(kind="wait", service="lambda", operation="GetFunction")),
            id="active",
            title=f"Wait until {self.function} is active",
            why="A function that is still being created cannot be invoked.",
            expect=(function_has_not_failed(self.function),),
            proof=Proof(configured=(function_is_active(self.function),), within_s=300),
            undo=Irreversible(because="waiting changes nothing"),
            depends_on=("create",),
        )
        return [created, waiting, *([self._limit()] if self.concurrency else [])]

    def _limit(self) -> Change:
        return Change(
            **dict(put_concurrency(self.function, self.concurrency)),
            id="concurrency",
            title=f"Set reserved concurrency of {self.function} to {self.concurrency}",
            why="Overlapping invocations would interfere with each other.",
            expect=(concurrency_is(self.function, None),),
            proof=Proof(configured=(concurrency_is(self.function, self.concurrency),), within_s=60),
            undo=delete_concurrency(self.function),
            depends_on=("active",),
        )

    def _params(self, description: str, plan_id: str) -> dict[str, Json]:
        params: dict[str, Json] = {
            "FunctionName": self.function,
            "Runtime": self.runtime,
            "Role": self.role,
            "Handler": self.handler,
            "Code": {"ZipFile": {MARK: self.zip_base64}},
            "Description": description,
            "Timeout": self.timeout_s,
            "MemorySize": self.memory_mb,
            "Environment": {"Variables": self.environment},
            "Tags": with_mark(plan_id, self.tags),
        }
        if self.dead_letter:
            params["DeadLetterConfig"] = {"TargetArn": self.dead_letter}
        return params
