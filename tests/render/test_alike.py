"""Many changes in few lines: those of one step together, those alike as one, the words that differ in braces."""

from opsctl.model.changes import Change
from opsctl.render.alike import ChangeLine, change_lines, fitted
from tests.kit.box_plans import make_box, plan_of


def change(id_: str, title: str, **parts: object) -> Change:
    return make_box(id_.replace("/", "-"), id_).model_copy(update={"title": title, **parts})


def test_few_changes_have_a_line_each() -> None:
    changes = [change(f"step/{number}", f"Deny 10.0.0.{number}") for number in range(12)]
    assert [line.says for line in change_lines(plan_of(*changes))] == [one.title for one in changes]


def test_of_many_those_alike_are_one_line_and_waits_are_none() -> None:
    denied = [change(f"nacl/{number}", f"Deny 10.0.0.{number} at acl-1") for number in range(4)]
    alarms = [
        change(f"alarm{number}/create", f"Create alarm opsctl-{number}", operation="PutAlarm") for number in (1, 2)
    ]
    role = [
        change("role/create", "Create role r", operation="CreateRole"),
        change("role/policy", "Put the policy on role r", operation="PutPolicy"),
    ]
    waits = [change(f"wait{number}/there", "Wait until it is there", kind="wait") for number in range(6)]
    assert change_lines(plan_of(*denied, *alarms, *role, *waits)) == [
        ChangeLine("+", "Deny 10.0.0.{0,1,2,3} at acl-1 (4)", 4),
        ChangeLine("+", "Create alarm opsctl-{1,2} (2)", 2),
        ChangeLine("+", "Create role r (2)", 2),
    ]


def test_what_would_be_too_long_as_one_is_told_by_the_first_and_counted() -> None:
    changes = [change(f"s{number}/x", f"Tag i-{'0' * 17}{number} key=value") for number in range(20)]
    (line,) = change_lines(plan_of(*changes))
    assert (line.says, line.stands_for) == (f"Tag i-{'0' * 18} key=value … (20)", 20)


def test_a_line_for_several_changes_loses_the_end_of_its_example_where_it_would_not_fit() -> None:
    says = "Reserve capacity for 2 x c5n.18xlarge in us-east-1a in placement group hpc … (4)"
    assert fitted(says, 80) == says
    assert fitted(says, 79) == "Reserve capacity for 2 x c5n.18xlarge in us-east-1a in placement group … (4)"
    assert all(len(fitted(says, width)) <= width for width in range(50, 90))
    assert fitted(says, 40) == says
    one = "Set the ENA queues of an interface that has a long name of its own to 16 (2)"
    assert fitted(one, 60) == one
