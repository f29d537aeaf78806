"""A fleet drawn by zone and placement group."""

import textwrap
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from opsctl.model.commands import Commands
from opsctl.render.views.fleet_network import html_fleet
from opsctl.render.views.fleet_picture import draw_fleet, mermaid_fleet, picture_lines
from opsctl.tune.findings import findings_of
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.fleet_checked import FleetChecked, row_of
from tests.tune.fleets import ENA, HPC, OPTIONAL, TWO_CARDS, TYPES, instance, nic

IN_CLUSTER = {"placement_group": "hpc", "strategy": "cluster"}
EFA = (nic(), nic("efa-only", device=1))
FLEET = (
    instance(HPC, "node-1", interfaces=EFA, **IN_CLUSTER),
    instance(HPC, "node-2", **IN_CLUSTER),
    instance(OPTIONAL, "old", ena=False),
    instance(ENA, "web", zone="us-east-1b"),
    instance(ENA, "store-1", zone="us-east-1b", placement_group="ring", strategy="partition", partition=1),
    instance(ENA, "store-2", zone="us-east-1b", placement_group="ring", strategy="partition", partition=2),
)


def fleet(*members: FleetInstance) -> FleetChecked:
    return FleetChecked(
        account="123456789012",
        region="us-east-1",
        rows=tuple(row_of(one, TYPES) for one in members),
        findings=findings_of(members, TYPES, Commands()),
        unknown=(),
    )


def test_the_text_is_a_tree_of_zones_groups_and_types() -> None:
    assert "\n".join(picture_lines(fleet(*FLEET))) == textwrap.dedent("""\
        us-east-1a: 3
        ├─ no placement group
        │    1 m4.16xlarge, 1 high
        └─ hpc (cluster)
             2 c5n.18xlarge, 1 with EFA, 1 low
        us-east-1b: 3
        ├─ no placement group
        │    1 m5.large
        ├─ ring (partition, partition 1)
        │    1 m5.large
        └─ ring (partition, partition 2)
             1 m5.large""")


def test_the_flowchart_has_a_box_for_each_in_the_colour_of_the_gravest_finding() -> None:
    assert mermaid_fleet(fleet(*FLEET[:3])) == textwrap.dedent("""\
        flowchart TB
          subgraph z0["us-east-1a"]
            subgraph z0p0["no placement group"]
              z0p0t0["1 m4.16xlarge, 1 high"]:::high
            end
            subgraph z0p1["hpc (cluster)"]
              z0p1t0["2 c5n.18xlarge, 1 with EFA, 1 low"]:::low
            end
          end
          classDef high fill:#f9dedc,stroke:#b3261e,color:#410e0b
          classDef low fill:#e3ecf7,stroke:#4a6d94,color:#14263b
        """)


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - what was drawn here


def squares(text: str) -> Counter[str]:
    """The squares of instances by colour; those of the legend have no title."""
    found = [one for one in parsed(text).findall(".//{*}rect") if len(one)]
    return Counter(one.attrib["class"] for one in found)


def test_the_drawing_has_a_square_an_instance() -> None:
    assert squares(draw_fleet(fleet(*FLEET), alone=True)) == {"high": 1, "low": 1, "best": 4}


def test_of_a_large_group_a_hundred_are_drawn_the_gravest_first_and_the_others_counted() -> None:
    many = [instance(ENA, f"web-{number}") for number in range(500)]
    text = draw_fleet(fleet(*many, instance(OPTIONAL, "old", ena=False)), alone=True)
    assert squares(text) == {"high": 1, "best": 99}
    assert "and 401 more" in text


def test_of_many_types_the_most_common_are_named() -> None:
    kinds = [instance(ENA, f"w{number}", type=f"x{number}.large") for number in range(9)]
    lines = picture_lines(fleet(*kinds))
    assert lines[-1].strip() == "3 of 3 other types"
    assert len(lines) == 9


@pytest.mark.parametrize("alone", [True, False])
def test_boxes_stand_beside_and_below_each_other(*, alone: bool) -> None:
    root = parsed(draw_fleet(fleet(*FLEET), alone=alone))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = [
        tuple(float(one.attrib[name]) for name in ("x", "y", "width", "height")) for one in root.findall("{*}svg")
    ]
    assert len(boxes) == 5
    for number, (x, y, wide, high) in enumerate(boxes):
        assert x + wide <= width
        assert y + high <= height
        for other_x, other_y, other_wide, other_high in boxes[number + 1 :]:
            apart = x + wide <= other_x or other_x + other_wide <= x
            assert apart or y + high <= other_y or other_y + other_high <= y


def test_names_from_the_account_are_text_in_every_form() -> None:
    evil = instance(
        TWO_CARDS, '<script>x</script>"]:::high', placement_group='"]; click n1 "javascript:x', strategy="cluster"
    )
    for text in (draw_fleet(fleet(evil)), html_fleet(fleet(evil))):
        assert "<script>" not in text
    chart = mermaid_fleet(fleet(evil))
    assert chart.count('"]') == 3
    assert "click n1 #quot;" in chart


def test_the_page_has_the_drawing_the_findings_and_every_instance() -> None:
    text = html_fleet(fleet(*FLEET))
    assert text.count("<svg") == 6
    for words in ("6 instances in us-east-1", "ena-off", "<td", "store-2", "default-src &#x27;none&#x27;"[:11]):
        assert words in text
