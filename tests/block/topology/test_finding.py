"""What is left of what a person typed."""

import pytest

from opsctl.block.topology.finding import target_text
from opsctl.model.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        (" shop.example.com ", "shop.example.com"),
        ("shop.example.com.", "shop.example.com."),
        ("https://user@shop.example.com:8443/a?b#c", "shop.example.com"),
        ("shop.example.com/path", "shop.example.com"),
        ("shop.example.com:443", "shop.example.com"),
        ("http://[2001:db8::5]:80/", "2001:db8::5"),
        ("2001:db8::5", "2001:db8::5"),
        ("[2001:db8::5]:443", "2001:db8::5"),
        ("203.0.113.9:22", "203.0.113.9"),
        (
            "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/a/1",
            "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/a/1",
        ),
        ("my instance", "my instance"),
        ("batch/worker:2", "batch/worker:2"),
        ("E1A2B3", "E1A2B3"),
        ("Web.Prod", "Web.Prod"),
    ],
)
def test_urls_ports_and_paths_are_taken_off(typed: str, left: str) -> None:
    assert target_text(typed) == left


def test_a_broken_url_is_invalid_input() -> None:
    with pytest.raises(InvalidInput, match="is no target"):
        target_text("http://[2001:db8::5")
