"""What a trace looks like: the worst first, names of the account made harmless, and a drawing."""

from opsctl.events.delivery_graph import Delivery
from opsctl.render.views.deliveries import render_deliveries
from opsctl.render.views.delivery_drawing import mermaid_deliveries, svg_deliveries
from tests.kit.deliveries import Account, arn, lets


def traced() -> Delivery:
    """A topic with a queue that it may not write to, and one that takes a part."""
    made = Account()
    queue = arn("sqs", "open")
    made.topic(
        "shop",
        {"Protocol": "sqs", "Endpoint": arn("sqs", "shut")},
        {"Protocol": "sqs", "Endpoint": queue, "FilterPolicy": '{"a":["<b>\u001b[31m"]}'},
    )
    made.queue("shut")
    made.queue("open", Policy=lets(queue, "sns.amazonaws.com", "sqs:SendMessage", arn("sns", "shop")))
    return made.traced("topic:shop")[0]


def test_what_is_blocked_stands_above_the_tree() -> None:
    lines = render_deliveries(traced(), width=120, colour=False).splitlines()
    assert lines[0] == "Events from topic shop: 2 steps, 1 BLOCKED"
    assert lines[1].strip().startswith("BLOCKED: topic shop > queue shut: its queue policy does not let")
    assert any(line.strip().startswith("└─ delivers a part: queue open") for line in lines)


def test_text_of_the_account_is_no_escape_code_and_no_markup() -> None:
    found = traced()
    assert "\u001b" not in render_deliveries(found, width=80, colour=False)
    assert "<b>" not in mermaid_deliveries(found)
    assert "<b>" not in svg_deliveries(found)


def test_a_blocked_step_ends_in_a_bar() -> None:
    found = traced()
    assert "--x" in mermaid_deliveries(found)
    assert svg_deliveries(found).count('class="bar"') == 1
