"""What is below its best, and what is not."""

from typing import Any

import pytest

from opsctl.cli.playbook_options import flag_of
from opsctl.model.commands import Commands
from opsctl.playbook.load import load_playbook
from opsctl.tune.finding import REPLACED, TuneFinding
from opsctl.tune.findings import findings_of
from opsctl.tune.fleet import FleetInstance, FleetInterface
from opsctl.tune.instance_types import NetworkCard
from tests.tune.fleets import ENA, HPC, NOTHING, OPTIONAL, TWO_CARDS, TYPES, VF, instance, nic

EFA = (nic(), nic("efa-only", device=1))
EKS = (
    "aws eks update-nodegroup-version --cluster-name pods --nodegroup-name NODEGROUP "
    "--launch-template id=ID,version=VERSION"
)
IN_CLUSTER = {"placement_group": "hpc", "strategy": "cluster"}


def found(*fleet: FleetInstance) -> tuple[TuneFinding, ...]:
    return findings_of(fleet, TYPES, Commands())


def ids(*fleet: FleetInstance) -> list[tuple[str, str]]:
    return [(one.id, one.title.split()[0]) for one in found(*fleet)]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (instance(ENA), []),
        (instance(ENA, ena=False), ["ena-off"]),
        (instance(OPTIONAL, ena=False), ["ena-off"]),
        (instance(NOTHING, ena=False), []),
        (instance(VF, ena=False, vf=True), ["vf-type"]),
        (instance(VF, ena=False, vf=False), ["vf-off", "vf-type"]),
        (instance(HPC), ["efa-off"]),
        (instance(HPC, windows=True), []),
        (instance(HPC, windows=True, interfaces=EFA), ["efa-windows"]),
        (instance(HPC, interfaces=EFA, **IN_CLUSTER), []),
        (instance(HPC, interfaces=EFA), ["efa-no-cluster-group"]),
        (instance(HPC, interfaces=EFA, placement_group="far", strategy="spread"), ["efa-no-cluster-group"]),
        (instance(TWO_CARDS), ["cards-unused", "ena-express-off", "efa-off"]),
        (
            instance(TWO_CARDS, interfaces=(nic(express=True), nic("efa-only", card=1)), **IN_CLUSTER),
            ["efa-partial"],
        ),
        (instance(TWO_CARDS, type="new.large"), []),
    ],
)
def test_an_instance_is_measured_by_what_its_type_can_do(one: FleetInstance, expected: list[str]) -> None:
    assert [finding.id for finding in found(one)] == expected


def test_a_group_in_a_strategy_that_could_not_be_read_is_not_called_a_cluster() -> None:
    (finding,) = found(instance(HPC, interfaces=EFA, placement_group="hpc"))
    assert finding.id == "efa-no-cluster-group"


FLEXIBLE = TWO_CARDS.model_copy(
    update={
        "flexible_queues": True,
        "cards": tuple(NetworkCard(index=number, kinds=("interface", "efa"), queues=32) for number in (0, 1)),
    }
)


def flexible(*queues: int, weighting: str = "default") -> list[TuneFinding]:
    nics = tuple(
        FleetInterface(id=f"eni-{card}", kind="efa", card=card, queues=count, ena_express=True)
        for card, count in enumerate(queues)
    )
    one = instance(FLEXIBLE, interfaces=nics, weighting=weighting, **IN_CLUSTER)
    return list(findings_of([one], {FLEXIBLE.name: FLEXIBLE}, Commands()))


def test_fewer_queues_than_the_type_gives_are_named_with_their_interface() -> None:
    assert flexible(0, 0) == flexible(32, 40) == []
    (one,) = flexible(32, 8)
    assert (one.id, one.what) == ("queues-few", "eni-1 was given 8 ENA queues, of 32 that the type gives")
    assert one.fix == "opsctl tune apply i-web --queues 32"


def test_a_weighting_towards_ebs_is_found_where_the_network_is_what_counts() -> None:
    (one,) = flexible(0, 0, weighting="ebs-1")
    assert (one.id, one.fix) == ("weighting-ebs", "opsctl tune apply i-web --bandwidth-weighting default")
    assert ids(instance(ENA, weighting="ebs-1")) == []


def test_the_network_cards_that_could_have_an_efa_are_named() -> None:
    nics = (FleetInterface(id="eni-0", kind="efa", card=0, ena_express=True), nic(card=1))
    one = instance(FLEXIBLE, interfaces=nics, **IN_CLUSTER)
    (found_,) = findings_of([one], {FLEXIBLE.name: FLEXIBLE}, Commands())
    assert (found_.id, found_.what) == ("efa-partial", "1 of 2 possible EFAs; none at network card 1")


def test_a_type_that_no_cluster_group_takes_is_not_told_to_go_into_one() -> None:
    apart = HPC.model_copy(update={"strategies": ("spread",)})
    one = instance(apart, interfaces=EFA)
    assert findings_of([one], {apart.name: apart}, Commands()) == ()


def test_what_mends_it_is_a_command_with_switches_that_it_has() -> None:
    switches = {flag_of(name, spec) for name, spec in load_playbook("tune-apply").playbook.inputs.items()}
    fleet = [
        instance(OPTIONAL, "a", ena=False),
        instance(VF, "b", vf=False),
        instance(HPC, "c", interfaces=EFA),
        instance(TWO_CARDS, "d"),
        instance(HPC, "e"),
    ]
    fixes = [one.fix for one in (*found(*fleet), *flexible(8, 8, weighting="ebs-1")) if "tune apply" in one.fix]
    assert len(fixes) >= 6
    assert {word for fix in fixes for word in fix.split() if word.startswith("--")} <= switches


def test_one_instance_of_a_cluster_without_ena_express_slows_the_others() -> None:
    both = (nic(express=True), nic("efa-only", card=1), nic("efa-only", card=0, device=1))
    on = instance(TWO_CARDS, "on", interfaces=both, cluster="genomics", **IN_CLUSTER)
    off = instance(ENA, "off", cluster="genomics")
    assert ids(on, off) == [("ena-express-one-sided", "off")]
    assert ids(on, instance(ENA, "off", cluster="another")) == []


def test_efas_in_two_zones_cannot_reach_each_other() -> None:
    here = [instance(HPC, name, interfaces=EFA, cluster="genomics", **IN_CLUSTER) for name in ("a", "b")]
    there = instance(HPC, "c", interfaces=EFA, cluster="genomics", zone="us-east-1b", **IN_CLUSTER)
    assert ids(*here, there) == [("efa-zones", "c")]


@pytest.mark.parametrize(
    ("more", "manager", "fix"),
    [
        (
            {"auto_scaling_group": "workers"},
            "launch template of Auto Scaling group workers",
            "opsctl tune refresh workers",
        ),
        (
            {"cluster": "genomics"},
            "configuration of cluster genomics",
            "opsctl tune pcluster CONFIG.yaml --write",
        ),
        (
            {"cluster": "pods", "eks": True},
            "node group of cluster pods",
            EKS,
        ),
        ({"batch": True}, "configuration of AWS Batch", "opsctl tune batch ENVIRONMENT"),
    ],
)
def test_what_somebody_else_would_put_back_is_mended_there(more: dict[str, Any], manager: str, fix: str) -> None:
    (finding,) = found(instance(ENA, ena=False, **more))
    assert manager in finding.first
    assert finding.fix == fix
    assert f"Fix: {finding.first}, then {fix} (" in finding.says
    assert "modify-instance-attribute" not in finding.fix


def test_what_a_group_launches_is_changed_by_its_own_command() -> None:
    (finding,) = found(instance(HPC, auto_scaling_group="workers"))
    assert finding.fix == "opsctl tune group workers --efa"
    assert f"Fix: {finding.fix} ({REPLACED})" in finding.says


def test_a_group_turns_ena_express_on_by_its_own_command_where_its_type_has_it() -> None:
    on = instance(TWO_CARDS, "on", interfaces=(nic(express=True), nic("efa-only", card=1)), auto_scaling_group="w")
    off = instance(TWO_CARDS, "off", interfaces=(nic(), nic("efa-only", card=1)), auto_scaling_group="w")
    plain = instance(ENA, "plain", auto_scaling_group="w")
    told = {(one.id, one.title.split()[0]): one.fix for one in found(on, off, plain)}
    assert (
        told["ena-express-one-sided", "off"]
        == told["ena-express-off", "off"]
        == "opsctl tune group w --ena-express"
    )
    assert told["ena-express-one-sided", "plain"] == "opsctl tune refresh w"


def test_the_worst_comes_first_and_says_is_the_whole() -> None:
    fleet = [instance(TWO_CARDS, "a"), instance(ENA, "z", ena=False)]
    first, *_ = found(*fleet)
    assert first.says == (
        "ena-off: z (i-z): ENA is off on m5.large. Fix: opsctl tune apply i-z --ena "
        "(a stop and a start: instance store and an auto-assigned public address are lost, "
        "capacity may be missing)"
    )


def test_a_member_gets_its_queues_and_its_weighting_by_what_its_group_launches() -> None:
    nics = (nic(express=True).model_copy(update={"queues": 8}), nic("efa-only", card=1), nic("efa-only", device=1))
    one = instance(FLEXIBLE, interfaces=nics, weighting="ebs-1", auto_scaling_group="w", **IN_CLUSTER)
    told = findings_of([one], {FLEXIBLE.name: FLEXIBLE}, Commands())
    assert {each.id: each.fix for each in told} == {
        "queues-few": "opsctl tune group w --queues 32",
        "weighting-ebs": "opsctl tune group w --bandwidth-weighting default",
    }
