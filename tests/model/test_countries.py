"""Country codes, as AWS knows them."""

import boto3
import pytest

from opsctl.model.countries import CODES, country_codes
from opsctl.model.errors import InvalidInput


def test_the_countries_are_those_of_awss_api_model() -> None:
    model = boto3.Session()._session.get_service_model("wafv2").shape_for("CountryCode")
    assert set(model.enum) == CODES


def test_codes_are_taken_once_in_either_case() -> None:
    assert country_codes(("kp", "KP", "Ir"), "--country") == ["KP", "IR"]


@pytest.mark.parametrize(("code", "hint"), [("ZZ", "such as KP"), ("uk", "did you mean GB"), ("Peru", "such as")])
def test_what_is_no_country_is_told_before_anybody_is_asked_to_approve_it(code: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        country_codes(("KP", code), "--country")
    (fault,) = wrong.value.diagnostics
    assert (fault.where.source, hint in fault.hint) == ("--country", True)
