"""Countries refused at a distribution, as boto3 sees them: recorded, listed, proved again, ended, taken back."""

from collections.abc import Iterator

import pytest

from opsctl.block.facts.block_ledger import BlockLedger, Ledgered
from opsctl.block.facts.block_verified import BlockVerified, Verified
from opsctl.model.changes import Severity
from opsctl.model.errors import Drifted
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_taken_over import Run
from tests.kit.ha_account import run
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal

TARGET = "shop.example.com"


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def block(world: World, *countries: str, **more: Json) -> Run:
    return Run(world, "block-ip", countries=list(countries), target=TARGET, **more)


def distribution() -> Json:
    listed = client("cloudfront").list_distributions()["DistributionList"]["Items"]
    return next(one for one in listed if TARGET in one["Aliases"].get("Items", []))


def restricted() -> tuple[str, list[str]]:
    """The geo restriction, and its countries."""
    geo = distribution()["Restrictions"]["GeoRestriction"]
    return geo["RestrictionType"], sorted(geo.get("Items") or [])


def restrict(kind: str, *countries: str) -> None:
    """Have somebody else set the restriction."""
    cloudfront, of = client("cloudfront"), distribution()["Id"]
    found = cloudfront.get_distribution_config(Id=of)
    geo = {"RestrictionType": kind, "Quantity": len(countries), "Items": list(countries)}
    found["DistributionConfig"]["Restrictions"]["GeoRestriction"] = geo
    cloudfront.update_distribution(Id=of, DistributionConfig=found["DistributionConfig"], IfMatch=found["ETag"])


def records() -> dict[str, str]:
    tags = client("cloudfront").list_tags_for_resource(Resource=distribution()["ARN"])["Tags"]["Items"]
    return {one["Key"]: one["Value"] for one in tags if one["Key"].startswith("opsctl:block/")}


def listed(world: World) -> dict[str, Json]:
    found = run_fetching(BlockLedger(layer="geo").read(world.about()), world.reader())
    assert isinstance(found, Ledgered)
    return {one.country: (one.kind, [need.incident for need in one.needs]) for one in found.rows}


def wrong(world: World) -> list[str]:
    found = run_fetching(BlockVerified(addresses=()).read(world.about()), world.reader())
    assert isinstance(found, Verified)
    return [one for one in found.wrong if "directly" not in one]


def test_a_country_is_recorded_listed_expired_and_the_record_goes_with_it(world: World) -> None:
    start = state()
    assert world.plan("block-ip", {"countries": ["KP"], "target": TARGET, "ttl": "never"}).title.endswith("end")
    first = block(world, "KP", "RU", ttl="1h", incident="INC-1")
    (said,) = records().values()
    assert said.startswith("KP RU until=")
    assert (restricted(), wrong(world)) == (("blacklist", ["KP", "RU"]), [])
    block(world, "KP", ttl="5h", incident="INC-2")
    assert listed(world) == {"KP": ("opsctl", ["INC-2", "INC-1"]), "RU": ("opsctl", ["INC-1"])}
    assert not world.plan("blocks-expire", {}).changes
    world.clock.sleep(7200)
    expired = Run(world, "blocks-expire")
    assert {one.risk.severity for one in expired.plan.changes} <= {Severity.LOW, Severity.MEDIUM}, "cron runs it"
    assert (restricted(), listed(world)) == (("blacklist", ["KP"]), {"KP": ("opsctl", ["INC-2"])})
    Run(world, "unblock-ip", countries=["kp"])
    assert state() == start
    first.undo()
    assert state() == start


def test_an_undo_leaves_the_country_that_another_incident_needs_and_what_somebody_let_in(world: World) -> None:
    first = block(world, "CN", "KP", "RU", incident="INC-1")
    second = block(world, "RU", incident="INC-2", ttl="1h")
    Run(world, "unblock-ip", countries=["CN"])
    first.undo()
    assert (restricted(), listed(world)) == (("blacklist", ["RU"]), {"RU": ("opsctl", ["INC-2"])})
    second.undo()
    assert (restricted(), records()) == (("none", []), {})


def test_two_that_begin_a_denylist_at_once_are_both_there_and_neither_begins_one_on_an_allowlist(
    world: World,
) -> None:
    asked = {"target": TARGET, "ttl": "1h"}
    plans = [world.plan("block-ip", asked | {"countries": [code]}) for code in ("KP", "IR", "CU")]
    for plan in plans[:2]:
        run(plan, world.aws, world, MemoryJournal())
    assert restricted() == ("blacklist", ["IR", "KP"])
    restrict("whitelist", "DE")
    with pytest.raises(Drifted, match="is no allowlist"):
        run(plans[2], world.aws, world, MemoryJournal())
    assert restricted() == ("whitelist", ["DE"])


def test_what_was_taken_off_is_told_and_what_others_refuse_is_foreign(world: World) -> None:
    block(world, "KP")
    restrict("blacklist", "IR")
    assert listed(world) == {"IR": ("foreign", [""])}
    assert [one.partition(" (")[0] for one in wrong(world)][:1] == [f"country KP was removed from {TARGET}"]
    assert not world.plan("unblock-ip", {"countries": ["IR"]}).changes


@pytest.mark.exhaustive
def test_a_country_that_an_allowlist_lost_gets_back_on_it(world: World) -> None:
    restrict("whitelist", "DE", "FR")
    start = state()
    block(world, "FR", ttl="1h")
    assert (restricted(), listed(world)) == (("whitelist", ["DE"]), {"FR": ("opsctl", [""])})
    world.clock.sleep(7200)
    expired = Run(world, "blocks-expire")
    assert {one.risk.severity for one in expired.plan.changes} <= {Severity.LOW, Severity.MEDIUM}
    assert state() == start


@pytest.mark.exhaustive
def test_undoing_an_expiry_makes_nobodys_allowlist_a_denylist(world: World) -> None:
    block(world, "KP", ttl="1h")
    world.clock.sleep(7200)
    expired = Run(world, "blocks-expire")
    restrict("whitelist", "DE", "FR")
    with pytest.raises(Drifted, match="still of type none"):
        expired.undo()
    assert restricted() == ("whitelist", ["DE", "FR"])
