"""Who changed a function is in the event history, under the names and times that CloudTrail has it by."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.conditions import Conditions
from tests.kit.functions import function
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world() as (_, about):
        yield about


def looked_up(name: str, **span: float) -> list[dict[str, Any]]:
    asked = [{"AttributeKey": "EventName", "AttributeValue": name}]
    found: list[dict[str, Any]] = client("cloudtrail").lookup_events(LookupAttributes=asked, **span)["Events"]
    return found


def test_a_change_is_found_by_its_name_around_its_time(about: Conditions) -> None:
    function("def lambda_handler(event, context):\n    return 1\n")
    move(about, 600)
    client("lambda").update_function_configuration(FunctionName="f", Timeout=9)
    at = about.now()
    move(about, 600)
    (event,) = looked_up("UpdateFunctionConfiguration20150331v2", StartTime=at - 120, EndTime=at + 120)
    assert (event["Username"], event["EventTime"].timestamp()) == ("root", pytest.approx(at, abs=1))
    assert json.loads(event["CloudTrailEvent"])["requestParameters"] == {"functionName": "f"}
    assert looked_up("UpdateFunctionCode20150331v2") == []
    assert looked_up("UpdateFunctionConfiguration20150331v2", StartTime=at + 60) == []


def test_a_move_of_an_alias_names_function_and_alias() -> None:
    function("def lambda_handler(event, context):\n    return 1\n")
    version = client("lambda").publish_version(FunctionName="f")["Version"]
    client("lambda").create_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST")
    client("lambda").update_alias(FunctionName="f", Name="live", FunctionVersion=version)
    (event,) = looked_up("UpdateAlias20150331")
    asked = json.loads(event["CloudTrailEvent"])["requestParameters"]
    assert asked == {"functionName": "f", "name": "live"}


def test_a_change_that_was_refused_is_not_in_it() -> None:
    function("def lambda_handler(event, context):\n    return 1\n")
    with pytest.raises(client("lambda").exceptions.ResourceNotFoundException):
        client("lambda").update_function_configuration(FunctionName="g", Timeout=9)
    assert looked_up("UpdateFunctionConfiguration20150331v2") == []
