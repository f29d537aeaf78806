"""Finds a stage of a REST API by the API's id or its name, and says which there are where it is neither."""

from opsctl.model.commands import look_command
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, fetch, require
from opsctl.model.reads import Read
from opsctl.model.sentences import first_few
from opsctl.model.value import Json


def find_stage(asked: str) -> Fetching[tuple[str, str, Json]]:
    """Return the API's id, its name, and the stage of `API/STAGE` as GetStage has it.

    Raises:
        InvalidInput: there is no such API or stage, or several APIs have the name.
    """
    wanted, _, stage = asked.partition("/")
    listed = yield from require(Read(service="apigateway", operation="GetRestApis"))
    apis = {str(one["id"]): str(one.get("name", one["id"])) for one in listed.get("items") or []}
    named = [api for api, name in apis.items() if name == wanted]
    if wanted not in apis and len(named) != 1:
        raise _none(wanted, named, apis)
    api = wanted if wanted in apis else named[0]
    params = {"restApiId": api, "stageName": stage}
    answer = yield from fetch(Read(service="apigateway", operation="GetStage", params=params))
    if answer.refusal is None:
        return api, apis[api], answer.value
    if not answer.known:
        raise FactUnknown(answer.refusal)
    there = yield from fetch(Read(service="apigateway", operation="GetStages", params={"restApiId": api}))
    stages = [str(one["stageName"]) for one in (there.value or {}).get("item") or []]
    has = f"it has {first_few(stages, 5)}" if stages else f"{look_command('cache list')} names those with a cache"
    raise InvalidInput.one(f"API {apis[api]} has no stage {stage!r}", source="target", hint=has)


def _none(wanted: str, named: list[str], apis: dict[str, str]) -> InvalidInput:
    if named:
        return InvalidInput.one(
            f"{len(named)} REST APIs are called {wanted!r}",
            source="target",
            hint=f"give the id: {first_few(named, 5)}",
        )
    has = first_few([f"{name} ({api})" for api, name in apis.items()], 5)
    return InvalidInput.one(
        f"there is no REST API {wanted!r}",
        source="target",
        hint=f"there are {has}; HTTP APIs have no cache" if apis else "there is none; HTTP APIs have no cache",
    )
