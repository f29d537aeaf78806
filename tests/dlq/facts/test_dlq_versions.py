"""Published versions leave dead letters by their own configuration, under the alias that leads to them."""

import pytest

from opsctl.dlq.audit.reading import ALIASES_AT_MOST
from opsctl.model.reads import Read
from opsctl.model.value import Json
from tests.kit.canned import denied
from tests.kit.dead_letter_picture import Region, arn, queue_arn

MAILER = arn("lambda", "function:mailer")


def mailer(*, latest: str = "", dead: str = "x-dlq") -> Region:
    """Function `mailer` with versions 1 to 3; they fail into `x-dlq`."""
    made = Region()
    made.queue("x-dlq")
    made.function("mailer", dead=queue_arn(latest) if latest else "")
    for number in ("1", "2", "3"):
        made.version("mailer", number, dead=queue_arn(dead) if dead else "")
    return made


def names(made: Region) -> list[str]:
    return [one.name for one in made.row("x-dlq").sources]


def test_an_alias_whose_version_fails_into_a_queue_is_its_source() -> None:
    made = mailer()
    made.alias("mailer", "live", "2")
    assert names(made) == ["mailer:live"]
    (source,) = made.row("x-dlq").sources
    assert (source.kind, source.arn, source.says) == ("function", f"{MAILER}:live", "function mailer:live")


def test_an_alias_that_leads_to_two_versions_is_one_source_of_each_of_their_queues() -> None:
    made = mailer()
    made.queue("y-dlq")
    made.version("mailer", "4", dead=queue_arn("y-dlq"))
    made.alias("mailer", "live", "3", "4")
    assert names(made) == ["mailer:live"]
    assert [one.name for one in made.row("y-dlq").sources] == ["mailer:live"]


def test_versions_that_no_alias_leads_to_are_shown_by_number_the_newest_two() -> None:
    assert names(mailer()) == ["mailer:3", "mailer:2"]


def test_a_queue_that_the_function_itself_fails_into_is_not_listed_again_for_every_old_version() -> None:
    assert names(mailer(latest="x-dlq")) == ["mailer"]


def test_an_alias_is_named_beside_the_function_that_fails_into_the_same_queue() -> None:
    made = mailer(latest="x-dlq")
    made.alias("mailer", "live", "1")
    assert names(made) == ["mailer", "mailer:live"]


def test_aliases_are_asked_for_only_where_a_version_has_a_dead_letter_queue_of_its_own() -> None:
    made = mailer(dead="")
    made.function("other", dead=queue_arn("x-dlq"))
    made.version("other", "1", dead=queue_arn("x-dlq"))
    asked = [one.params for one in made.survey_read()[1].made if one.api == "lambda.ListAliases"]
    assert asked == [{"FunctionName": "other"}]


def test_a_queue_that_only_a_version_names_serves_and_may_be_missing() -> None:
    made = mailer()
    del made.queues["x-dlq"]
    assert made.row("x-dlq").state == "does not exist"
    assert ("high", "dlq-missing", "function mailer:3") in made.findings()


def test_the_number_of_calls_for_versions_is_bounded_and_what_was_left_is_named() -> None:
    made = Region()
    made.queue("x-dlq")
    for number in range(ALIASES_AT_MOST + 7):
        made.function(f"f{number}")
        made.version(f"f{number}", "1", dead=queue_arn("x-dlq"))
    found, reader = made.survey_read()
    assert reader.apis().count("lambda.ListAliases") == ALIASES_AT_MOST
    assert "aliases of 7 functions were not read" in found.unknown


def test_more_versions_than_are_listed_are_named_and_every_function_is_still_seen() -> None:
    made = mailer(latest="x-dlq")

    def some(read: Read) -> Json:
        assert read.params["PaginationConfig"] == {"MaxItems": 5000}
        return {"Functions": made.versions[:1], "NextToken": "more"}

    made.refused["lambda.ListFunctions ALL"] = some
    found, _ = made.survey_read()
    assert found.unknown == ("versions: there are more than 5,000, and the rest was not read",)
    assert "mailer" in [one.name for one in found.rows[0].sources]
    assert lost(invoked(made, "live")) == [], "the version that it leads to may be among the rest"


def test_aliases_that_may_not_be_read_are_unknown_and_versions_are_shown_by_number() -> None:
    made = mailer()
    made.refuse(denied("lambda.ListAliases"))
    assert names(made) == ["mailer:3", "mailer:2"]
    assert "aliases of mailer: access denied" in made.survey().unknown[0]


def lost(made: Region) -> list[tuple[str, str]]:
    found, _ = made.audit_read()
    return [(one.resource, one.fix) for one in found.findings if one.id == "async-no-dlq"]


def invoked(made: Region, *qualifiers: str) -> Region:
    """Rules invoke the function under these names; each rule's target has a queue of its own."""
    for qualifier in qualifiers:
        suffix = "" if qualifier == "$LATEST" else f":{qualifier}"
        made.target(f"at-{qualifier.strip('$')}", f"{MAILER}{suffix}", dead=queue_arn("x-dlq"))
    return made


def test_an_alias_that_leads_to_a_version_without_a_home_loses_failures_although_the_function_has_one() -> None:
    made = mailer(latest="x-dlq", dead="")
    made.version("mailer", "4", dead=queue_arn("x-dlq"))
    made.alias("mailer", "live", "3")
    made.alias("mailer", "next", "4")
    invoked(made, "live", "next", "$LATEST")
    ((resource, fix),) = lost(made)
    assert resource == "function mailer:live"
    assert fix.startswith("aws lambda put-function-event-invoke-config --function-name mailer --qualifier live ")
    assert queue_arn("x-dlq") in fix


def test_a_configuration_of_the_alias_that_is_there_is_updated_and_not_replaced() -> None:
    made = mailer(latest="x-dlq", dead="")
    made.on_failure("mailer", "", "live")
    ((_, fix),) = lost(invoked(made, "live"))
    assert fix.startswith("aws lambda update-function-event-invoke-config ")


def test_a_destination_of_the_alias_is_a_home() -> None:
    made = mailer(latest="x-dlq", dead="")
    made.on_failure("mailer", queue_arn("x-dlq"), "live")
    assert lost(invoked(made, "live")) == []


def test_the_function_itself_is_said_to_lose_failures_when_only_an_alias_has_a_home() -> None:
    made = mailer()
    made.alias("mailer", "live", "3")
    ((resource, fix),) = lost(invoked(made, "$LATEST", "live"))
    assert resource == "function mailer"
    assert fix.startswith("opsctl dlq attach function:mailer")


@pytest.mark.parametrize("api", ["lambda.ListAliases", "lambda.ListFunctionEventInvokeConfigs"])
def test_nothing_is_said_of_aliases_when_what_they_have_could_not_be_read(api: str) -> None:
    made = invoked(mailer(), "live")
    made.refuse(denied(api))
    assert lost(made) == []
