"""Where boxes and arrows of a drawing stand: apart, inside the drawing, and arrows never through boxes."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.render.layout import Box, Edge, Layout, Point, lay_out

NAMES = "abcdefghij"
graphs = st.tuples(
    st.dictionaries(st.sampled_from(NAMES), st.integers(1, 8), min_size=1),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20),
)
ways = st.booleans()


def apart(one: Box, two: Box) -> bool:
    return (
        one.left + one.width <= two.left
        or two.left + two.width <= one.left
        or one.top + one.height <= two.top
        or two.top + two.height <= one.top
    )


def through(start: Point, end: Point, box: Box) -> bool:
    """Tell whether a straight line along an axis goes through the inside of a box."""
    (x1, y1), (x2, y2) = start, end
    return (
        max(x1, x2) > box.left
        and min(x1, x2) < box.left + box.width
        and max(y1, y2) > box.top
        and min(y1, y2) < box.top + box.height
    )


@given(graphs, ways)
@settings(max_examples=80)
def test_boxes_are_apart_and_everything_is_inside_the_drawing(
    graph: tuple[dict[str, int], list[Edge]], portrait: bool
) -> None:
    lines, edges = graph
    layout = lay_out(lines, edges, portrait=portrait)
    assert layout.boxes.keys() == lines.keys()
    assert all(apart(one, two) for one, two in combinations(layout.boxes.values(), 2))
    corners = [(box.left, box.top) for box in layout.boxes.values()]
    corners += [(box.left + box.width, box.top + box.height) for box in layout.boxes.values()]
    for x, y in (*corners, *(point for route in layout.routes.values() for point in route)):
        assert 0 <= x <= layout.width
        assert 0 <= y <= layout.height


@given(graphs, ways)
@settings(max_examples=80)
def test_where_an_arrow_passes_a_layer_it_keeps_clear_of_its_boxes(
    graph: tuple[dict[str, int], list[Edge]], portrait: bool
) -> None:
    lines, edges = graph
    layout = lay_out(lines, edges, portrait=portrait)
    for (source, target), route in layout.routes.items():
        others = [box for name, box in layout.boxes.items() if name not in (source, target)]
        # Between two layers it bends where no box is; within one it is straight.
        straight = list(pairwise(route))[1::2]
        assert not [box for start, end in straight for box in others if through(start, end, box)]


@pytest.mark.parametrize("portrait", [False, True])
def test_arrows_lead_from_the_end_of_one_box_to_the_beginning_of_another(portrait: bool) -> None:
    layout: Layout = lay_out({"a": 1, "b": 3, "c": 2}, [("a", "b"), ("b", "c"), ("a", "c")], portrait=portrait)
    along = 1 if portrait else 0
    for (source, target), route in layout.routes.items():
        one, two = layout.boxes[source], layout.boxes[target]
        ends = (one.top + one.height, two.top) if portrait else (one.left + one.width, two.left)
        assert (route[0][along], route[-1][along]) == ends
    assert len(layout.routes["a", "c"]) == 4, "it passes the layer of b"
    size = (layout.height, layout.width) if portrait else (layout.width, layout.height)
    assert size[0] > size[1]


def test_nodes_that_lead_to_each_other_in_a_circle_are_drawn_all_the_same() -> None:
    layout = lay_out({"a": 1, "b": 1}, [("a", "b"), ("b", "a"), ("a", "a"), ("a", "gone")], portrait=False)
    assert set(layout.routes) == {("a", "b"), ("b", "a")}
