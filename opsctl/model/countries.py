"""The countries that AWS knows: ISO 3166-1 alpha-2, as the API model of AWS WAF lists them."""

import itertools
from collections.abc import Iterable

from opsctl.model.errors import InvalidInput

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
CODES = frozenset(_CODES.split())
_MEANT = {"UK": "GB", "EL": "GR"}


def countries_led_by(texts: Iterable[str]) -> list[str]:
    """Return the country codes that texts begin with, one after another until a word is none."""
    return [word for text in texts for word in itertools.takewhile(lambda word: word in CODES, text.split())]


def country_codes(texts: Iterable[str], source: str) -> list[str]:
    """Return country codes in upper case, each once; CloudFront refuses any other only when it is applied.

    Raises:
        InvalidInput: one is no country.
    """
    codes = list(dict.fromkeys(text.upper() for text in texts))
    for code in codes:
        if code not in CODES:
            hint = f"did you mean {_MEANT[code]}?" if code in _MEANT else "ISO 3166-1 alpha-2, such as KP"
            raise InvalidInput.one(f"{code!r} is not a country code", source=source, hint=hint)
    return codes
