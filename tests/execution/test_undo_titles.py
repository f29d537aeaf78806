"""An undo says what it removes."""

import pytest

from opsctl.execution.inverse import inverse_of
from opsctl.execution.undo_titles import undo_title
from tests.kit.ha_plans import ha_plan


@pytest.mark.parametrize(
    ("done", "undone"),
    [
        ("Create IP set opsctl-block-ipv4-shop", "Delete IP set opsctl-block-ipv4-shop"),
        ("Create web ACL opsctl-shop; others stay allowed", "Delete web ACL opsctl-shop"),
        ("Create Auto Scaling group ha-web, still empty", "Delete Auto Scaling group ha-web"),
        ("Add 203.0.113.9/32 to IP set scanners", "Remove 203.0.113.9/32 from IP set scanners"),
        ("Add rule a to b (block) to web ACL w, in front", "Remove rule a to b (block) from web ACL w"),
        ("Attach i-1 to ha-web; it keeps running", "Detach i-1 from ha-web"),
        (
            "Deny 10.0.0.0/8 at network ACL acl-1, before rule 100",
            "Remove the deny of 10.0.0.0/8 at network ACL acl-1",
        ),
        ("Tag i-1 opsctl:ha=web", "Remove from i-1 the tags opsctl:ha=web"),
        ("Suspend Terminate in ha-web", "Resume Terminate in ha-web"),
        ("Set minimum size of ha-web to 1", "Restore minimum size of ha-web"),
        ("Associate the web ACL with shop-alb", "Disassociate the web ACL from shop-alb"),
        ("Allow role r to send to q", "No longer allow role r to send to q"),
        ("Switch ENA on at i-1", "Switch ENA off at i-1"),
        ("Reserve capacity for 1 x m5.large", "Release capacity for 1 x m5.large"),
        ("Write the incident on the network ACL", "Take back: Write the incident on the network ACL"),
    ],
)
def test_a_title_says_what_taking_the_change_back_removes(done: str, undone: str) -> None:
    assert undo_title(done) == undone


def test_what_is_taken_back_twice_is_as_it_was() -> None:
    title = "Write the incident on the network ACL"
    assert undo_title(undo_title(title)) == title


@pytest.mark.parametrize("mode", ["asg", "standby", "recover"])
def test_every_change_of_a_shipped_plan_has_words_of_its_own_for_its_undo(mode: str) -> None:
    plan = ha_plan({"mode": mode})
    titles = [change.title for change in inverse_of(plan, [change.id for change in plan.changes])]
    assert titles
    assert not [title for title in titles if title.startswith("Take back: ")]
