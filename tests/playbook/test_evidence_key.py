"""A playbook's evidence is one fact of several sources, with arguments of inputs alone."""

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.catalog import find_plugins
from opsctl.playbook.load import parse_playbook
from opsctl.playbook.validate import validate_playbook

HEAD = """schema: opsctl.playbook/v1
name: mine
version: "1.0"
summary: Do it.
inputs:
  addresses: {type: list, of: cidr, default: []}
facts:
  hazards:
    uses: block.hazards
    with: {addresses: =inputs.addresses}
"""


def faults(evidence: str) -> list[str]:
    loaded = parse_playbook(f"{HEAD}evidence: {evidence}\n".encode(), "mine.yaml", "0" * 64)
    return [one.summary for one in validate_playbook(loaded, find_plugins(), InstalledModels())]


def test_a_fact_of_several_sources_is_taken() -> None:
    assert faults("{uses: block.evidence, with: {addresses: =inputs.addresses}}") == []


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("{uses: block.nothing}", "there is no fact 'block.nothing'"),
        ("{uses: block.hazards, with: {addresses: =inputs.addresses}}", "is no fact of several sources"),
        ("{uses: block.evidence, with: {addresses: =inputs.addresses, deep: true}}", "has no field 'deep'"),
        ("{uses: block.evidence, with: {addresses: '=facts.hazards.found[].address'}}", "facts"),
    ],
)
def test_what_cannot_be_found_out_beside_the_planning_is_a_fault(evidence: str, said: str) -> None:
    assert any(said in one for one in faults(evidence)), faults(evidence)
