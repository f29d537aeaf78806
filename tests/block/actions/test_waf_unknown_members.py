"""Members of WAF's documents that the SDK does not know: only a write-back of that document is stopped."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pytest

from opsctl.block import web_acl_calls
from opsctl.model.errors import AwsRefused, RefusedByGuard
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json
from opsctl.model.write_backs import documents_of, require_whole
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_blocks import apply, planned, waf
from tests.kit.block_targets import REGIONAL, waf_on
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, fresh_world, state
from tests.kit.ports import AnswersReader, MemoryJournal, Wrapping, refusal


@dataclass
class Newer(Wrapping):
    """An account whose service is newer than the SDK: some answers have members that it does not know."""

    newer: Collection[str] = field(default_factory=tuple)

    def read(self, read: Read) -> Answer:
        if read.whole and read.operation in self.newer:
            return Answer(refusal=refusal(RefusalKind.UNREADABLE, "UnknownMember", read.api))
        return self.inner.read(read)


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def test_a_write_back_that_would_lose_something_is_refused_when_it_is_planned(world: World) -> None:
    changes = waf(world, "203.0.113.9").changes
    newer = Newer(world.aws, newer=["GetWebACL"])
    with pytest.raises(RefusedByGuard, match="would lose them; nothing was changed") as caught:
        run_fetching(require_whole(documents_of(changes)), AnswersReader(newer))
    assert "wafv2.GetWebACL" in caught.value.evidence[0]
    run_fetching(require_whole(documents_of(changes)), AnswersReader(Newer(world.aws, newer=["GetIPSet"])))


def test_the_action_refuses_by_itself_so_that_it_is_one_rejected_layer(world: World) -> None:
    world.aws = Newer(world.aws, newer=["GetWebACL"])  # type: ignore[assignment] # it stands before the live account
    with pytest.raises(RefusedByGuard, match="would lose them"):
        waf(world, "203.0.113.9")


def test_what_adds_to_a_set_alone_goes_by_an_unknown_member_of_the_web_acl(world: World) -> None:
    apply(waf(world, "203.0.113.9"), world)
    more = waf(world, "203.0.113.10")
    run_fetching(require_whole(documents_of(more.changes)), AnswersReader(Newer(world.aws, newer=["GetWebACL"])))
    run(more, Newer(world.aws, newer=["GetWebACL"]), world, MemoryJournal())


def test_the_write_itself_is_stopped_as_well(world: World) -> None:
    with pytest.raises(AwsRefused, match="UnknownMember"):
        run(waf(world, "203.0.113.9"), Newer(world.aws, newer=["GetWebACL"]), world, MemoryJournal())


def test_a_run_whose_set_could_not_be_filled_is_undone_by_deleting_the_set(world: World) -> None:
    """An unknown member in an IP set stopped DeleteIPSet, which writes nothing back."""
    start, journal, newer = state(), MemoryJournal(), Newer(world.aws, newer=["GetIPSet"])
    plan = planned(world, "waf.block", waf_on("shop-alb") | REGIONAL)
    with pytest.raises(AwsRefused, match="UnknownMember"):
        run(plan, newer, world, journal)
    assert state() != start
    world.aws = newer  # type: ignore[assignment] # it stands before the live account
    undo(plan, world, journal)
    assert state() == start


def test_web_acls_are_attached_and_detached_whatever_the_sdk_knows(world: World) -> None:
    newer = Newer(world.aws, newer=["GetWebACL", "GetDistribution", "GetDistributionConfig"])
    start, journal = state(), MemoryJournal()
    plan = planned(world, "waf.block", waf_on("shop-alb") | REGIONAL)
    run_fetching(
        require_whole([one for one in documents_of(plan.changes) if one.operation != "GetIPSet"]),
        AnswersReader(newer),
    )
    run(plan, newer, world, journal)
    assert waf_on("shop-alb")["web_acl"]
    takes_lock_only = [change for change in plan.changes if change.edit and not change.edit.writes_back]
    assert documents_of(takes_lock_only) == []
    world.aws = newer  # type: ignore[assignment] # it stands before the live account
    undo(plan, world, journal)
    assert state() == start


def test_the_names_that_a_plan_shows_as_kept_are_all_that_a_web_acl_has(world: World) -> None:
    """A reviewer sees by name what is carried; nothing that AWS takes back may be missing there."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("wafv2")
    both = set(model.operation_model("UpdateWebACL").input_shape.members) & set(model.shape_for("WebACL").members)
    rule: dict[str, Json] = web_acl_calls.rule_of("r", 1, "arn", "Block")
    shown = web_acl_calls.edit_rule(planned_key(world), "add", rule).edit
    assert shown is not None
    assert set(shown.carry) - {"LockToken"} | {"Name", "Id"} == both


def planned_key(world: World) -> Json:
    from opsctl.block.waf_objects import WEB_ACL, WafKey

    return WafKey.of_arn(WEB_ACL, waf_on("direct-alb")["web_acl"], "us-east-1")
