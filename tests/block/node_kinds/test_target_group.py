"""Client IP preservation, with AWS's defaults where the attribute is absent."""

import pytest

from opsctl.block.elbv2 import TargetGroup
from opsctl.block.node_kinds.target_group import preserves_client


@pytest.mark.parametrize(
    ("kind", "protocol", "attribute", "preserved"),
    [
        ("instance", "TCP", None, True),
        ("instance", "TLS", None, True),
        ("instance", "TCP", "false", False),
        ("ip", "TCP", None, False),
        ("ip", "TLS", None, False),
        ("ip", "TCP", "true", True),
        ("ip", "UDP", None, True),
        ("ip", "TCP_UDP", "false", True),
        ("ip", "QUIC", None, True),
        ("ip", "TCP_QUIC", None, True),
        ("alb", "TCP", "false", True),
    ],
)
def test_what_targets_see(kind: str, protocol: str, attribute: str | None, preserved: bool) -> None:
    group = TargetGroup(arn="arn", name="api", type=kind, protocol=protocol)
    attributes = {} if attribute is None else {"preserve_client_ip.enabled": attribute}
    seen, why = preserves_client(group, attributes)
    assert seen is preserved
    assert why
