"""The few functions that playbooks have beyond JMESPath's own."""

import json
from typing import Any

from jmespath import functions

from opsctl.model.countries import countries_led_by
from opsctl.model.networks import covers, lacking, led_by, overlapping, parse_network


class PlaybookFunctions(functions.Functions):
    """JMESPath's functions, and those that know addresses and JSON in text. Each is pure."""

    @functions.signature({"types": ["array"]}, {"types": ["array"]})
    def _func_overlap(self, left: list[Any], right: list[Any]) -> list[str]:
        """Items of the first list that share an address with any item of the second."""
        return overlapping(left, right)

    @functions.signature({"types": ["array"]}, {"types": ["array"]})
    def _func_lacking(self, left: list[Any], right: list[Any]) -> list[str]:
        """Networks of the first list that the second does not have."""
        return lacking(left, right)

    @functions.signature({"types": ["array"]})
    def _func_led_by(self, texts: list[Any]) -> list[str]:
        """The networks that texts begin with, in canonical form; a text may begin with several, or with none."""
        return [*led_by(texts), *countries_led_by(texts)]

    @functions.signature({"types": ["string"]}, {"types": ["string"]})
    def _func_cidr_contains(self, outer: str, inner: str) -> bool:
        """Whether every address of the second is in the first."""
        return covers(parse_network(outer), parse_network(inner))

    @functions.signature({"types": ["string"]})
    def _func_ip_version(self, address: str) -> int:
        """4 or 6."""
        return parse_network(address).version

    @functions.signature({"types": ["string", "null"]})
    def _func_from_json(self, text: str | None) -> Any:
        """The value that a JSON text holds; null when it is none. AWS carries policies as text."""
        try:
            return json.loads(text) if text else None
        except ValueError:
            return None
