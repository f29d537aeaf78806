"""The network of a fleet as text and Markdown."""

from opsctl.model.commands import Commands
from opsctl.render.views.fleet_network import markdown_fleet, render_fleet, render_limits
from opsctl.tune.findings import findings_of
from opsctl.tune.fleet_checked import FleetChecked, row_of, with_guests
from opsctl.tune.guest_answers import GuestDevice, GuestNetwork
from tests.tune.fleets import ENA, HPC, OPTIONAL, TYPES, instance

BUSY = GuestDevice(
    name="ens5", driver="ena", mtu=9001, queues=(8, 8), counted={"bw_out": 9}, rose={"bw_out": 5}, third=True
)


def fleet(count: int, *guests: GuestNetwork) -> FleetChecked:
    members = [instance(ENA, f"web-{number:03}") for number in range(count)]
    found = FleetChecked(
        account="123456789012",
        region="us-east-1",
        rows=tuple(row_of(one, TYPES) for one in members),
        findings=(),
        unknown=(),
    )
    return with_guests(found, guests, Commands(), now=3600.0) if guests else found


def shown(found: FleetChecked, width: int = 80) -> str:
    return render_fleet(found, width=width, colour=False)


def test_of_a_large_fleet_forty_are_listed_and_the_others_counted() -> None:
    text = shown(fleet(1000))
    assert "1,000 instances in us-east-1" in text
    rows = [line for line in text.splitlines() if line.startswith("web-")]
    assert (len(rows), rows[-1].split()[0]) == (40, "web-039")
    assert "and 960 more (-o json lists all)" in text
    assert len(text.splitlines()) < 60


def test_of_forty_none_is_left_out() -> None:
    text = shown(fleet(40))
    assert "web-039" in text
    assert "more (-o json" not in text


def test_what_is_inside_has_a_table_of_its_own_and_what_is_not_known_a_reason() -> None:
    known = GuestNetwork(
        instance="i-web-000",
        system="linux",
        release="amzn 2023",
        kernel="6.1",
        modules={"ena": "2.13.2g"},
        devices=(BUSY,),
    )
    silent = GuestNetwork(instance="i-web-001", unread="it is stopped")
    text = shown(fleet(2, known, silent))
    (row,) = [line for line in text.splitlines() if "RISING" in line]
    assert row.split() == ["web-000", "amzn", "2023", "ena", "2.13.2g", "9001", "8/8", "RISING"]
    assert "web-001 (i-web-001): it is stopped" in text
    assert "As far as could be read" in shown(fleet(1, silent.model_copy(update={"instance": "i-web-000"})))
    assert "--in-guest reads them" not in text
    page = markdown_fleet(fleet(2, known, silent))
    assert "| web-000 | amzn 2023 | ena 2.13.2g | 9001 | 8/8 | RISING |" in page
    assert "it is stopped" in page


def test_without_having_been_inside_that_is_said() -> None:
    assert "--in-guest reads them" in shown(fleet(1))
    assert "--in-guest reads them" in markdown_fleet(fleet(1))


def test_limits_say_how_old_is_what_is_known_inside() -> None:
    known = GuestNetwork(
        instance="i-web-000", at=0.0, system="linux", release="amzn 2023", kernel="6.1", devices=(BUSY,)
    )
    text = render_limits(fleet(1, known), width=140, colour=False)
    assert "in the guest, 1h ago: amzn 2023, kernel 6.1" in text
    assert (
        "ens5: ena of the kernel; ENAv3; MTU 9001; 8 of 8 queues; over its allowance: bw_out 9 (rising: bw_out)"
        in text
    )
    assert "in the guest (driver, MTU, allowance counters): not read" in render_limits(
        fleet(1), width=80, colour=False
    )


def test_names_from_the_account_are_text_and_nothing_else() -> None:
    evil = instance(HPC, "a\x1b[31m|b")
    found = FleetChecked(account="1", region="r", rows=(row_of(evil, TYPES),), findings=(), unknown=())
    assert "\x1b" not in shown(found)
    assert "\x1b" not in markdown_fleet(found)


SCREEN = """\
2 instances in us-east-1, account 123456789012
2 findings: 1 high, 1 low

INSTANCE TYPE         OS    ZONE       ADAPTER EFA EXPRESS GROUP AGENT
node     c5n.18xlarge linux us-east-1a ENA     0/1 -       hpc   unread
old      m4.16xlarge  linux us-east-1a ENA OFF -   -       -     unread

By zone and placement group
  us-east-1a: 2
  ├─ no placement group
  │    1 m4.16xlarge, 1 high
  └─ hpc (cluster)
       1 c5n.18xlarge, 1 low

high    ena-off
  Without the Elastic Network Adapter the instance uses an emulated
  device: a fraction of the bandwidth and packets that its type has (EC2
  user guide, enhanced networking).
    old (i-old): ENA is off on m4.16xlarge
      opsctl tune apply i-old --ena
    costs: a stop and a start: instance store and an auto-assigned
    public address are lost, capacity may be missing

low     efa-off
  The type takes an Elastic Fabric Adapter, which MPI and NCCL use to
  bypass the operating system; it has no price of its own (EC2 user
  guide, EFA).
    node (i-node): c5n.18xlarge takes 1 EFA, and has none
      opsctl tune apply i-node --efa
    costs: a stop and a start: instance store and an auto-assigned
    public address are lost, capacity may be missing

  Nothing inside the instances was read: the driver's version, MTU and
  the allowance counters of ethtool are known there only. --in-guest
  reads them.
"""


def test_the_whole_is_as_it_was_reviewed_and_fits() -> None:
    members = [
        instance(HPC, "node", placement_group="hpc", strategy="cluster"),
        instance(OPTIONAL, "old", ena=False),
    ]
    found = FleetChecked(
        account="123456789012",
        region="us-east-1",
        rows=tuple(row_of(one, TYPES) for one in members),
        findings=findings_of(members, TYPES, Commands()),
        unknown=(),
    )
    assert shown(found, width=72) == SCREEN
    assert max(map(len, SCREEN.splitlines())) <= 72
