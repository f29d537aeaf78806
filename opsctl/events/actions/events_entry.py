"""Makes an API that puts what it is sent on a bus. Source: API Gateway API (ImportRestApi, CreateDeployment)."""

import json
from typing import ClassVar

from pydantic import Field

from opsctl.events.entry_document import PATH, STAGE, EntryWish, entry_document, integration_uri
from opsctl.model.changes import Change, Check, Grant, Instruction, Proof, Query, Retry, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.marks import described, mark_of_plan

_PASSES = Retry(codes=("ConflictException", "TooManyRequestsException"), within_s=60)
_EVERY_METHOD = "*/*"


class EventsEntry(Action):
    """Make a REST API with one method, which puts each request on a bus as one event and says if it got there.

    The method is deployed only after it was seen to ask who calls. Undo deletes the API with its stage.
    """

    name: ClassVar[str] = "events.entry"

    api: str = Field(pattern=r"[A-Za-z0-9._-]{1,128}", description="Name of the API; not in use yet.")
    bus_arn: str = Field(description="ARN of the event bus.")
    role_arn: str = Field(description="ARN of the role that may put events on the bus.")
    source: str = Field(pattern=r"[A-Za-z0-9._/ -]{1,256}", description="Source of each event.")
    detail_type: str = Field(pattern=r"[A-Za-z0-9._/ -]{1,128}", description="Detail type of each event.")
    user_pool: str = Field("", description="ARN of the Cognito user pool whose tokens are let in; empty: AWS_IAM.")
    rate: int = Field(ge=1, le=10_000, description="Requests a second.")
    burst: int = Field(ge=1, le=5_000, description="Requests at once.")
    why: str = Field(description="What the API is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ImportRestApi, one CreateDeployment and one UpdateStage."""
        yield from ()
        return [self._made(about), self._deployed(about), self._throttled()]

    def _made(self, about: Context) -> Change:
        partition, region = about.identity.partition, about.region
        description = described(about.plan_id, self.why)
        wish = EntryWish(
            api=self.api,
            description=description,
            bus_arn=self.bus_arn,
            role_arn=self.role_arn,
            source=self.source,
            detail_type=self.detail_type,
            user_pool=self.user_pool,
        )
        document = entry_document(wish, partition=partition, region=region)
        mine = f"items[?contains(description || '', '{mark_of_plan(about.plan_id)}')]"
        guarded = {
            "authorization": "COGNITO_USER_POOLS" if self.user_pool else "AWS_IAM",
            "uri": integration_uri(partition, region),
            "role": self.role_arn,
        }
        return Change(
            kind="call",
            service="apigateway",
            operation="ImportRestApi",
            params={
                "parameters": {"endpointConfigurationTypes": "REGIONAL"},
                "body": json.dumps(document, indent=1, sort_keys=True),
            },
            retry=_PASSES,
            grants=(Grant(service="iam", operation="PassRole", params={"RoleArn": self.role_arn}),),
            id="api",
            title=f"Create REST API {self.api} with POST {PATH}",
            why=self.why,
            expect=(
                Check(
                    read=APIS,
                    query=f"items[?name=='{self.api}']",
                    op="empty",
                    says=f"there is no API {self.api}",
                ),
            ),
            proof=Proof(
                configured=(
                    Check(
                        read=APIS,
                        query=f"{mine}.name | [0]",
                        op="equals",
                        value=self.api,
                        says=f"API {self.api} is this plan's",
                    ),
                    Check(
                        read=_methods(),
                        query=f"items[?path=='{PATH}'] | [0].resourceMethods.POST.{{authorization: "
                        "authorizationType, uri: methodIntegration.uri, role: methodIntegration.credentials}",
                        op="equals",
                        value=guarded,
                        says=f"POST {PATH} asks for {guarded['authorization']} and puts events by its role",
                        context=True,
                    ),
                ),
                within_s=60,
            ),
            undo=Instruction(
                kind="call",
                service="apigateway",
                operation="DeleteRestApi",
                params={"restApiId": reference("api", "id")},
                retry=_PASSES,
            ),
            undo_only_if=(
                Check(read=_stages(), query="item", op="empty", says=f"nobody deployed API {self.api} elsewhere"),
                Check(
                    read=_methods(),
                    query=f"items[?path!='/' && path!='{PATH}'].path",
                    op="empty",
                    says=f"API {self.api} has no other methods",
                ),
            ),
            undo_risk=Risk(severity=Severity.MEDIUM, note="Whoever sends events to it gets errors from then on."),
            risk=Risk(severity=Severity.MEDIUM, affects=(self.bus_arn.rpartition("/")[2],)),
            outputs={"id": Query(read=APIS, query=f"{mine}.id | [0]")},
        )

    def _deployed(self, about: Context) -> Change:
        mark = described(about.plan_id, "takes events")
        return Change(
            kind="call",
            service="apigateway",
            operation="CreateDeployment",
            params={
                "restApiId": reference("api", "id"),
                "stageName": STAGE,
                "stageDescription": mark,
                "description": mark,
            },
            retry=_PASSES,
            id="stage",
            title=f"Deploy it as stage {STAGE}",
            why="Nobody can call an API before it is deployed.",
            expect=(Check(read=_stage(), query="stageName", op="empty", says=f"the API has no stage {STAGE}"),),
            proof=Proof(
                configured=(
                    Check(
                        read=_stage(),
                        query="description",
                        op="equals",
                        value=mark,
                        says=f"stage {STAGE} is this plan's",
                    ),
                ),
                within_s=60,
            ),
            undo=Instruction(
                kind="call",
                service="apigateway",
                operation="DeleteStage",
                params={"restApiId": reference("api", "id"), "stageName": STAGE},
                retry=_PASSES,
            ),
            depends_on=("api",),
        )

    def _throttled(self) -> Change:
        limits = {"rateLimit": self.rate, "burstLimit": self.burst}
        settings = [
            {"op": "replace", "path": f"/{_EVERY_METHOD}/throttling/{name}", "value": str(value)}
            for name, value in limits.items()
        ]
        asked = f'methodSettings."{_EVERY_METHOD}".[throttlingRateLimit, throttlingBurstLimit]'
        return Change(
            **dict(_patched(settings)),
            id="throttle",
            title=f"Let {self.rate} requests a second through, {self.burst} at once",
            why="Otherwise one caller could use up what PutEvents lets the whole account send.",
            expect=(
                Check(
                    read=_stage(),
                    query=f'methodSettings."{_EVERY_METHOD}"',
                    op="empty",
                    says=f"nobody has set limits of stage {STAGE}",
                ),
            ),
            proof=Proof(
                configured=(
                    Check(
                        read=_stage(),
                        query=asked,
                        op="equals",
                        value=[self.rate, self.burst],
                        says=f"stage {STAGE} lets {self.rate} requests a second through, {self.burst} at once",
                    ),
                ),
                within_s=60,
            ),
            undo=_patched([{"op": "remove", "path": f"/{_EVERY_METHOD}"}]),
            depends_on=("stage",),
        )


APIS = Read(service="apigateway", operation="GetRestApis", params={})


def _methods() -> Read:
    params: dict[str, Json] = {"restApiId": reference("api", "id"), "embed": ["methods"], "limit": 500}
    return Read(service="apigateway", operation="GetResources", params=params)


def _stages() -> Read:
    return Read(service="apigateway", operation="GetStages", params={"restApiId": reference("api", "id")})


def _stage() -> Read:
    params = {"restApiId": reference("api", "id"), "stageName": STAGE}
    return Read(service="apigateway", operation="GetStage", params=params)


def _patched(operations: list[dict[str, Json]]) -> Instruction:
    return Instruction(
        kind="call",
        service="apigateway",
        operation="UpdateStage",
        params={"restApiId": reference("api", "id"), "stageName": STAGE, "patchOperations": operations},
        retry=_PASSES,
    )
