"""What a drill of a standby plans, and every guard that is its own."""

import copy
from collections.abc import Callable

import pytest

from opsctl.catalog import find_plugins
from opsctl.ha.jobs.ha_drill import HaDrill
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.planning.inputs import parse_inputs
from opsctl.planning.planner import make_plan
from opsctl.playbook.load import load_playbook
from tests.ha.facts.test_ha_drill import plan as plan_of_group
from tests.ha.test_health import NOW, tags
from tests.ha.test_health_pair import ALARMS, INSTANCES, WELL, first, second
from tests.kit.canned import ABOUT, Canned, CannedReader


def plan(api: str = "", change: Callable[[Json], object] = lambda _: None, **inputs: Json) -> Plan:
    answers: dict[str, Canned] = copy.deepcopy(WELL)
    if api:
        change(answers[api])
    loaded = load_playbook("make-ha-drill")
    return make_plan(
        loaded,
        parse_inputs(loaded.playbook.inputs, {"group": "ha-web", **inputs}, source={}),
        about=ABOUT.model_copy(update={"now": NOW}),
        reader=CannedReader(answers),
        registry=find_plugins(),
        overrides=(),
        now=NOW,
    )


def test_the_instance_is_stamped_before_it_is_stopped_and_watched_after() -> None:
    made = plan()
    assert [(one.api, one.params.get("Resources", one.params.get("InstanceIds"))) for one in made.changes] == [
        ("ec2.CreateTags", ["vol-1"]),
        ("ec2.CreateTags", ["i-1"]),
        ("ec2.StopInstances", ["i-1"]),
        ("opsctl.ha.drill", None),
    ]
    assert (made.severe, made.confirm) == (True, "ha-web")
    job = made.changes[-1].params
    assert (job["call"], job["subject"]["standby_instance"], job["run_of_standby"]) == (
        "ec2.StopInstances",
        "i-2",
        "run-1",
    )
    assert [one.api for one in made.changes if one.undo.kind == "call"] == [
        "ec2.CreateTags",
        "ec2.CreateTags",
        "ec2.StopInstances",
    ]


@pytest.mark.parametrize(
    ("api", "change", "guard", "evidence"),
    [
        (INSTANCES, lambda a: second(a)["State"].update(Name="running"), "broken", "standby: i-2 runs beside"),
        (INSTANCES, lambda a: second(a)["State"].update(Name="terminated"), "broken", "nothing can take over"),
        (INSTANCES, lambda a: first(a)["State"].update(Name="stopped"), "broken", "instance: i-1 stopped"),
        (
            INSTANCES,
            lambda a: second(a)["Tags"].extend(tags(ha_failover="2026-09-21T14:00:00Z")),
            "busy",
            "i-2 has been taking over since 2026-09-21T14:00:00Z",
        ),
        (
            ALARMS,
            lambda a: a["MetricAlarms"][3].update(Dimensions=[{"Name": "InstanceId", "Value": "i-0"}]),
            "broken",
            "alarm: opsctl-ha-web-primary watches i-0",
        ),
        (ALARMS, lambda a: a["MetricAlarms"][3].update(StateValue="ALARM"), "alarms", "ringing"),
        ("ec2.DescribeInstanceTypeOfferings", lambda a: a.update(InstanceTypeOfferings=[]), "broken", "no longer"),
        ("ec2.DescribeSnapshots", lambda a: a.update(Snapshots=[]), "snapshot", "no completed snapshot"),
    ],
)
def test_each_guard_refuses_with_its_evidence(
    api: str, change: Callable[[Json], object], guard: str, evidence: str
) -> None:
    with pytest.raises(RefusedByGuard) as refused:
        plan(api, change)
    assert guard in refused.value.summary
    assert any(evidence in line for line in refused.value.evidence), refused.value.evidence


@pytest.mark.parametrize("by", ["replace", "unhealthy"])
def test_what_is_for_groups_is_bad_input(by: str) -> None:
    with pytest.raises(InvalidInput, match=f"ha-web is a standby, and {by} is not for one"):
        plan(by=by)


def test_a_drill_that_an_earlier_version_began_goes_on_with_the_same_standby() -> None:
    job = plan().changes[-1].params
    subject = {name: value for name, value in job["subject"].items() if name != "standby_instance"}
    others = {name: value for name, value in job.items() if name != "run_of_standby"}
    kept = others | {"subject": subject | {"twin": "i-2"}, "run_of_twin": "run-1"}
    assert HaDrill.model_validate(kept) == HaDrill.model_validate(job)


def test_another_zone_is_refused_for_the_standby_is_in_one_anyway() -> None:
    with pytest.raises(RefusedByGuard, match="other-zone") as refused:
        plan(other_zone=True)
    assert "  i-2 is in another zone anyway" in refused.value.evidence


def test_stopping_is_not_for_groups() -> None:
    with pytest.raises(InvalidInput, match="ha-web is a group, and stop is not for one"):
        plan_of_group({}, by="stop")
