"""A suggestion is what was meant, or nothing: who types the opposite by accident is in a hurry already."""

import pytest

from opsctl.model.closest import closest, opposed


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("unblock-ip", "block-ip"),
        ("unblok-ip", "block-ip"),
        ("block-ip", "unblock-ip"),
        ("unblock", "block-ip"),
        ("un-block-ip", "block-ip"),
        ("lock", "unlock"),
        ("detach", "attach"),
        ("dettach", "attach"),
        ("export", "import"),
        ("--no-bakup", "--backup"),
        ("--backup", "--no-backup"),
        ("EnableRule", "DisableRule"),
        ("DeleteSecurityGroupIngress", "DeleteSecurityGroupEgress"),
        ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"),
        ("start-instances", "stop-instances"),
        ("excludes", "contains"),
        ("deregister_targets", "register_targets"),
        ("max", "min"),
    ],
)
def test_the_opposite_is_never_offered(typed: str, known: str) -> None:
    assert opposed(typed, known)
    assert closest(typed, [known]) == ""


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("blck-ip", "block-ip"),
        ("unddo", "undo"),
        ("atach", "attach"),
        ("deatch", "detach"),
        ("--targt", "--target"),
        ("requird", "required"),
        ("DescribeInstnaces", "DescribeInstances"),
        ("dlq.atach", "dlq.attach"),
        ("lockd", "locked"),
        ("un-block-ip", "unblock-ip"),
        ("--no-bakup", "--no-backup"),
    ],
)
def test_a_slip_of_the_finger_is_understood(typed: str, known: str) -> None:
    assert closest(typed, [known]) == known


def test_the_next_best_is_offered_where_the_best_is_the_opposite() -> None:
    assert closest("unblock-ips", ["block-ip", "unblock-ip"]) == "unblock-ip"
    assert closest("un-block-ip", ["block-ip", "unblock-ip"]) == "unblock-ip"
    assert closest("ublock-ip", ["block-ip", "unblock-ip"]) == "unblock-ip"
    assert closest("disable-rule", ["enable-rule", "disable-role"]) == "disable-role"
