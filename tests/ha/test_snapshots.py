"""Snapshots by Data Lifecycle Manager: what it can do, what speaks against it, and what the plan then says."""

import copy
import json

import pytest

from opsctl.ha.facts.ha_preflight import HaPreflight
from opsctl.ha.snapshots import refuse_bad_schedule
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from opsctl.resources.dlm_calls import HOURS
from tests.ha.test_health import FRESH, HANDLER, KINDS, OLD, bad, status, tags
from tests.kit.canned import ABOUT, Canned, drive
from tests.kit.lone_instance import ANSWERS, INSTANCE, ids, look

HOUR = 3600
MORE = ("old-snapshot", "failed-snapshots")
DLM: dict[str, Json] = {"snapshots": "dlm", "rpo_s": HOUR}
NO_DATA = {"BlockDeviceMappings": INSTANCE["BlockDeviceMappings"][:1]}


@pytest.mark.parametrize("seconds", [0, 60, 1800, 5400, 5 * HOUR, 7 * HOUR, 48 * HOUR])
def test_an_interval_that_it_does_not_have_is_refused_with_those_it_has_before_any_read(seconds: int) -> None:
    fact = HaPreflight.model_validate({"instance": "i-0123456789abcdef0", "snapshots": "dlm", "rpo_s": seconds})
    with pytest.raises(InvalidInput) as refused:
        drive(fact.read(ABOUT), {})
    assert "every 1h, 2h, 3h, 4h, 6h, 8h, 12h, 24h" in str(refused.value)


@pytest.mark.parametrize("keep", [0, 1001])
def test_it_keeps_one_to_a_thousand(keep: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 1000"):
        refuse_bad_schedule("dlm", HOUR, keep)


@pytest.mark.parametrize("hours", HOURS)
def test_every_interval_that_it_has_is_taken(hours: int) -> None:
    found = look(snapshots="dlm", rpo_s=hours * HOUR).snapshots
    assert (found.dlm, found.every_h, found.handler_every_s) == (True, hours, 0)
    assert found.alarm_after_s == (hours + 2) * HOUR, "the interval, the hour in which it begins, one to complete"


def test_the_handler_takes_them_at_any_interval() -> None:
    found = look(rpo_s=900).snapshots
    assert (found.dlm, found.handler_every_s, found.dlm_every_s, found.alarm_after_s) == (False, 900, 0, 5400)


def test_auto_chooses_a_group_and_the_worst_loss_is_named() -> None:
    found = look(**DLM, allow_data_loss_s=3 * HOUR)
    assert found.mode == "asg"
    (dlm,) = [one for one in found.verdicts if one.id == "dlm"]
    assert "at worst 2 hours" in dlm.why
    losses = {one.loss for one in found.outlook if (one.failure, one.mode) == ("zone", "asg")}
    assert losses == {"at most 3 hours, usually up to 1 hour, at worst 2 hours, plus the duration of a snapshot"}
    (cost,) = [one.quantity for one in found.costs if one.item == "EBS snapshots"]
    assert cost.endswith("every 1 hour; the last 48 kept")
    assert "7 standard alarms" in {one.quantity for one in found.costs}


def test_it_makes_no_sense_without_data_volumes_or_in_place() -> None:
    assert "dlm-no-data" in ids(look(NO_DATA, **DLM), "block")
    assert not look(NO_DATA, **DLM).snapshots.dlm
    in_place = look(mode="recover", **DLM)
    assert ids(in_place, "block") == {"dlm-recover"}
    assert not in_place.snapshots.dlm


def test_a_loss_that_is_allowed_below_the_worst_is_warned_of() -> None:
    assert "dlm-window" in ids(look(**DLM, allow_data_loss_s=HOUR), "warn")
    assert "dlm-window" not in ids(look(**DLM, allow_data_loss_s=2 * HOUR), "warn")
    assert "dlm-window" not in ids(look(**DLM), "warn"), "no snapshot is used at all then"


def test_fewer_than_three_sets_are_warned_of() -> None:
    assert "dlm-few" in ids(look(**DLM, keep_snapshots=2), "warn")
    assert "dlm-few" not in ids(look(**DLM, keep_snapshots=3), "warn")


def test_what_has_no_room_for_the_tags_is_refused() -> None:
    many = [{"Key": f"k{number}", "Value": ""} for number in range(48)]
    assert ids(look({"Tags": many}), "block") == set()
    assert ids(look({"Tags": many}, **DLM), "block") == {"dlm-tags"}
    volumes = copy.deepcopy(ANSWERS["ec2.DescribeVolumes"])
    assert isinstance(volumes, dict)
    volumes["Volumes"][1]["Tags"] = many[:41]
    assert ids(look(None, {"ec2.DescribeVolumes": volumes}, **DLM), "block") == {"dlm-volume-tags"}


@pytest.mark.parametrize(
    ("asked", "on_instance", "on_replacements"),
    [
        (DLM, True, True),
        (DLM | {"fresh": True}, False, True),
        (DLM | {"mode": "standby"}, True, True),
        ({"rpo_s": HOUR}, False, False),
    ],
)
def test_the_policys_tag_is_on_whichever_instance_has_the_data_and_on_no_standby(
    asked: dict[str, Json], on_instance: bool, on_replacements: bool
) -> None:
    found, tag = look(**asked), {"opsctl:ha-snapshots": "ha-legacy-web"}
    assert (tag.items() <= found.tagging[0].tags.items()) is on_instance
    assert (tag.items() <= found.instance_tags.items()) is on_replacements
    assert "opsctl:ha-snapshots" not in found.standby_instance.tags, (
        "a run over an instance without data volumes fails"
    )


def by_policy(policies: list[Json], started: str = FRESH, *, times: int = 1) -> dict[str, str]:
    """What is wrong with a healthy group whose snapshots a policy takes every hour, when AWS answers so."""
    handler = json.dumps(HANDLER | {"snapshot_every_s": 0, "dlm_every_s": HOUR})
    function = {"Configuration": {"State": "Active", "Environment": {"Variables": {"OPSCTL_HA": handler}}}}
    snapshot = {"State": "completed", "StartTime": started, "Tags": tags(ha_device="/dev/sdf", ha_instance="i-1")}
    alarms = [{"AlarmName": f"opsctl-ha-web-{kind}", "StateValue": "OK"} for kind in (*KINDS, *MORE)]
    answers: dict[str, Canned] = {
        "lambda__GetFunction": function,
        "dlm__GetLifecyclePolicies": {"Policies": policies},
        "ec2__DescribeSnapshots": {"Snapshots": [snapshot] * times},
        "cloudwatch__DescribeAlarms": {"MetricAlarms": alarms},
    }
    return bad(status(**answers))


def test_status_tells_of_a_policy_that_takes_no_snapshots_and_of_a_set_older_than_it_can_be() -> None:
    assert by_policy([{"State": "ENABLED"}]) == {}
    assert by_policy([{"State": "ERROR"}])["snapshot policy"] == "is ERROR: no snapshots are taken"
    assert by_policy([])["snapshot policy"] == "is gone: no snapshots are taken"
    assert "none" in by_policy([{"State": "ENABLED"}], times=2)["snapshots"], (
        "a run that was tried again is no set"
    )
    assert "should be at most 3 hours" in by_policy([{"State": "ENABLED"}], OLD)["snapshots"]
