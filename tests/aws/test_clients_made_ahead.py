"""Clients that are made while it is asked who calls."""

from threading import Event
from typing import Any

import pytest

from opsctl.aws.account import identify
from opsctl.aws.clients import Clients, Connection
from opsctl.block.facts.block_decision import BlockDecision
from opsctl.block.facts.block_hazards import BlockHazards
from opsctl.block.facts.topology_ways_in import TopologyWaysIn
from opsctl.catalog import find_plugins
from opsctl.model.run import Fact
from opsctl.planning.facts import services_first
from opsctl.playbook.load import load_playbook
from tests.kit.canned import ABOUT

HERE = "us-east-1"


class Sts:
    """Answers who calls when it is told to."""

    def __init__(self, may: Event) -> None:
        self._may = may

    def get_caller_identity(self) -> dict[str, Any]:
        """Wait for a client that is made meanwhile."""
        assert self._may.wait(timeout=60), "no client was made while it was asked who calls"
        return {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/alice"}

    @property
    def meta(self) -> Any:
        """As much of a client's description as is asked for."""
        return type("Meta", (), {"endpoint_url": f"https://sts.{HERE}.amazonaws.com"})


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Clients that make nothing but names, and an STS that answers once EC2's is made."""
    made = Clients(Connection(region=HERE), "test")
    may = Event()

    def make(service: str, *_: object) -> object:
        if service == "ec2":
            may.set()
        return Sts(may) if service == "sts" else service

    monkeypatch.setattr(made, "_make", make)
    monkeypatch.setattr(made, "keys", lambda: ("key", "secret", ""))
    return made


def test_a_client_is_made_while_it_is_asked_who_calls(clients: Clients) -> None:
    assert identify(clients, 0, ("ec2", "elbv2")).account == "123456789012"


def test_no_more_are_made_once_it_is_known_who_calls(clients: Clients) -> None:
    clients.make(("ec2", "elbv2"), until=lambda: any(key[0] == "ec2" for key in clients._made))
    assert [key[0] for key in clients._made] == ["ec2"]


def test_a_client_that_cannot_be_made_is_told_of_by_whoever_asks_for_it() -> None:
    clients = Clients(Connection(region=HERE), "test")
    clients.make(("no-such-service", "sts"), until=lambda: False)
    assert [key[0] for key in clients._made] == ["sts"]


@pytest.mark.parametrize(
    "fact",
    [
        BlockHazards(addresses=("198.51.100.7",)),
        BlockDecision(target="shop.example.com"),
        TopologyWaysIn(target="shop.example.com"),
    ],
    ids=lambda fact: fact.name,
)
def test_the_services_of_a_fact_are_those_that_its_first_round_asks(fact: Fact) -> None:
    assert {read.service for read in next(fact.read(ABOUT))} == set(fact.services)


def test_a_playbook_asks_first_what_its_facts_ask_first() -> None:
    first = services_first(load_playbook("block-ip"), find_plugins())
    assert first == ("ec2", "elbv2", "cloudfront", "route53")
