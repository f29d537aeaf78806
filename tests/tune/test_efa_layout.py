"""Where EFAs go, on types as DescribeInstanceTypes answers them (the embedded AWS has AWS's own answers)."""

from functools import cache
from typing import Any

import pytest

from opsctl.tune.efa_layout import efa_cards, free_slots, full_cards, launch_interfaces, primary_is_the_efa
from opsctl.tune.fleet import FleetInterface
from opsctl.tune.instance_types import TypeNetwork, parse_types


@cache
def types() -> dict[str, TypeNetwork]:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    return parse_types({"InstanceTypes": list(INSTANCE_TYPES.values())})


PLAIN = FleetInterface(id="eni-1")


def slots(kind: str, *have: FleetInterface) -> list[tuple[int, tuple[int, ...]]]:
    return [(one.card, one.devices) for one in free_slots(have or (PLAIN,), types()[kind])]


@pytest.mark.parametrize(
    ("kind", "cards"),
    [
        ("c5n.18xlarge", [0]),
        ("c6in.32xlarge", [0, 1]),
        ("hpc7a.96xlarge", [0, 1]),
        ("p6-b300.48xlarge", list(range(1, 17))),
        ("i7ie.48xlarge", [1]),
        ("m5.large", []),
    ],
)
def test_a_card_takes_one_each_and_card_0_none_where_there_are_fewer_than_cards(
    kind: str, cards: list[int]
) -> None:
    assert [card.index for card in efa_cards(types()[kind])] == cards


def test_no_type_of_aws_gets_more_than_it_has_or_two_at_one_card() -> None:
    for of in types().values():
        cards = [card.index for card in efa_cards(of)]
        assert len(set(cards)) == len(cards) <= of.efa, of.name
        assert len(cards) == of.efa, f"{of.name}: room for each of them"


def test_beside_the_primary_interface_it_is_device_1_and_device_0_on_another_card() -> None:
    assert slots("c5n.18xlarge") == [(0, (1, 2))]
    assert slots("c6in.32xlarge") == [(0, (1, 2)), (1, (0, 1))]


def test_devices_that_are_taken_are_left_out_and_cards_with_an_efa_have_theirs() -> None:
    second, efa = FleetInterface(id="eni-2", device=1), FleetInterface(id="eni-3", kind="efa", card=1, device=1)
    assert slots("c6in.32xlarge", PLAIN, second, efa) == [(0, (2, 3))]
    combined = FleetInterface(id="eni-1", kind="efa")
    assert slots("c5n.18xlarge", combined) == []


def test_a_card_that_is_full_has_no_place_and_is_named() -> None:
    of = types()["hpc6a.48xlarge"]
    full = (PLAIN, FleetInterface(id="eni-2", device=1))
    assert free_slots(full, of) == ()
    assert full_cards(full, of) == (0,)
    assert full_cards((PLAIN,), of) == ()


def test_where_card_0_takes_one_interface_the_primary_is_the_efa() -> None:
    """Of all types in the answer that is hpc6id.32xlarge alone."""
    assert [name for name, of in types().items() if primary_is_the_efa(of)] == ["hpc6id.32xlarge"]


def told(*given: dict[str, Any], kind: str, shared: tuple[str, ...] = ()) -> list[Any]:
    made = launch_interfaces(given, types()[kind], "sg-efa", shared)
    names = ("NetworkCardIndex", "DeviceIndex", "InterfaceType", "Groups")
    return [[one.get(name) for name in names] for one in made]


def test_a_launch_gets_an_efa_only_interface_on_every_card_and_keeps_a_plain_primary() -> None:
    assert told(kind="c6in.32xlarge", shared=("sg-web",)) == [
        [0, 0, None, ["sg-web"]],
        [0, 1, "efa-only", ["sg-efa"]],
        [1, 0, "efa-only", ["sg-efa"]],
    ]


def test_interfaces_that_a_template_names_stay_as_they_are() -> None:
    first = {"DeviceIndex": 0, "Groups": ["sg-web"], "SubnetId": "subnet-1"}
    second = {"DeviceIndex": 1, "NetworkCardIndex": 0, "Groups": ["sg-web"]}
    made = launch_interfaces([first, second], types()["c5n.18xlarge"], "sg-efa", ())
    assert made[:2] == [first, second]
    assert [(one["NetworkCardIndex"], one["DeviceIndex"]) for one in made[2:]] == [(0, 2)]


def test_a_primary_that_has_to_be_the_efa_becomes_one() -> None:
    assert told(kind="hpc6id.32xlarge", shared=("sg-web",)) == [
        [0, 0, "efa", ["sg-web", "sg-efa"]],
        [1, 0, "efa-only", ["sg-efa"]],
    ]
