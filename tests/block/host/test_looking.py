"""Who can be sent a script, by what Systems Manager and EC2 tell of an instance."""

from collections.abc import Sequence

import pytest

from opsctl.block.host.looking import COUNTS_FOR_S, with_host_gates
from opsctl.block.topology.finding import finder
from opsctl.block.topology.gates import HostGate
from opsctl.block.topology.graph import Node, Web
from opsctl.block.topology.naming import Place
from opsctl.block.topology.survey import Survey
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.value import Json
from opsctl.resources.ec2 import Instance
from tests.kit.canned import ABOUT, REGION, Canned, drive

NOW = 1_800_000_000.0
PLACE = Place(kind="instance", id="i-1", region=REGION)
NODE = Node(place=PLACE, title="instance web", name="web", resource="i-1")
ONLINE: Json = {"InstanceId": "i-1", "PingStatus": "Online", "PlatformType": "Linux"}
REFUSED = Refusal(api="ssm.Any", kind=RefusalKind.DENIED, code="AccessDenied", message="no")
SENT: Json = {
    "CommandId": "c-1",
    "Comment": "opsctl host 20261201-112003-ab12 00000000",
    "InstanceIds": ["i-1"],
    "RequestedDateTime": "2027-01-15T08:00:00+00:00",
}
CHAIN = "-A PREROUTING -j opsctl-0-8d5fba60\n-A opsctl-0-8d5fba60 -s 203.0.113.9/32 -j DROP\n"


def said(at: float, what: str = f"iptables\n{CHAIN}") -> Json:
    return {"StandardOutputContent": f"opsctl host firewall\niptables {at:.0f}\n{what}"}


def gate(
    agents: Canned, commands: Sequence[Json] | Refusal = (), answer: Canned = None, **of_instance: str
) -> HostGate:
    """What is made of the answers for one instance."""
    survey = Survey(ABOUT.model_copy(update={"now": NOW}), finder(()))
    survey.learn({"i-1": Instance(id="i-1", name="web", **{"state": "running"} | of_instance)})
    listed = commands if isinstance(commands, Refusal) else {"Commands": list(commands)}
    told = agents if isinstance(agents, Refusal) else {"InstanceInformationList": agents}
    answers = {
        "ssm.DescribeInstanceInformation": told,
        "ssm.ListCommands": listed,
        "ssm.GetCommandInvocation": answer or REFUSED,
    }
    web, _ = drive(with_host_gates(Web(start=PLACE, nodes=(NODE,)), survey), answers)
    found = web.nodes[0].host
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("agents", "of_instance", "why"),
    [
        ([], {}, "has no SSM agent"),
        ([ONLINE | {"PlatformType": "Windows"}], {}, "does not run Linux"),
        ([ONLINE | {"PingStatus": "ConnectionLost"}], {}, "was online once, and does not answer"),
        ([ONLINE], {"state": "stopped"}, "is stopped: no script can be run in it"),
        ([ONLINE], {}, ""),
    ],
)
def test_why_no_script_can_be_run_is_said(agents: list[Json], of_instance: dict[str, str], why: str) -> None:
    found = gate(agents, **of_instance)
    assert why in found.closed
    assert bool(found.closed) is bool(why)


def test_what_may_not_be_read_is_unknown_and_not_absent() -> None:
    found = gate(REFUSED)
    assert (found.closed, found.networks) == ("", ())
    assert "cannot tell whether instance web has an SSM agent" in found.unknown[0]
    assert "cannot tell what host firewalls drop already" in gate([ONLINE], REFUSED).unknown[0]


def test_the_newest_command_of_opsctl_counts_and_no_older_one() -> None:
    older = SENT | {"CommandId": "c-0", "RequestedDateTime": "2027-01-15T07:00:00+00:00"}
    other = SENT | {"CommandId": "c-2", "Comment": "mine", "RequestedDateTime": "2027-01-15T08:30:00+00:00"}
    answers = {"c-1": said(NOW - 60), "c-0": said(NOW - 90, "iptables\n"), "c-2": said(NOW, "iptables\n")}
    found = gate([ONLINE], [older, other, SENT], lambda read: answers[read.params["CommandId"]])
    assert (found.networks, found.read_at) == (("203.0.113.9/32",), "2027-01-15T07:59:00Z")


@pytest.mark.parametrize(
    ("answer", "of_instance"),
    [
        (said(NOW - COUNTS_FOR_S - 600), {}),
        (said(NOW - 60), {"launched": "2027-01-15T07:59:30+00:00"}),
        (said(NOW - 60), {"state": "stopping"}),
        ({"StandardOutputContent": "ran"}, {}),
        (REFUSED, {}),
    ],
)
def test_a_reading_that_is_old_or_of_before_a_start_proves_nothing(
    answer: Canned, of_instance: dict[str, str]
) -> None:
    found = gate([ONLINE], [SENT], answer, **of_instance)
    assert (found.networks, found.read_at) == ((), "")


def test_more_than_an_output_has_room_for_is_unknown() -> None:
    cut = {"StandardOutputContent": f"opsctl host firewall\nnft {NOW:.0f}\n" + '{"nftables": [{"set": {"na'}
    assert "it is too much for Systems Manager to tell" in gate([ONLINE], [SENT], cut).unknown[0]
