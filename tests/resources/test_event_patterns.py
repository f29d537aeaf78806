"""Event patterns choose what EventBridge was recorded to choose, and are refused where it refuses them.

The answers of TestEventPattern are those of public tests that were validated against AWS; each row is one of
them, by its name there. One is left out: AWS refuses a wildcard that it finds too complex, by a measure it does
not publish.
"""

import json

import pytest

from opsctl.model.value import Json
from opsctl.resources.event_patterns import Pattern, parsed


def chosen(pattern: Json, event: Json) -> bool:
    return Pattern(json.dumps(pattern)).matches(parsed(json.dumps(event)))


def but(wanted: Json) -> Json:
    return {"v": [{"anything-but": wanted}]}


MANY = {
    "word": ["plain"],
    "either": [2000, 4000],
    "start": ["no", {"prefix": "hey"}, {"prefix": "ad"}],
    "other": [{"anything-but": 200}],
    "below": [{"numeric": ["<=", 200]}],
    "between": [{"numeric": [">=", 200, "<", 500]}],
    "there": [{"exists": True}],
}
MET = {"word": "plain", "either": 2000, "start": "admin", "other": 300, "below": 200, "between": 300, "there": ""}
STOCK = {"NewImage": {"homemade": {"S": "ABCD", "N": "1234"}}}
UNSTOCKED = {"NewImage": {"homemade": {"S": [{"anything-but": ["roses"]}, {"exists": False}]}}}
UNUSUAL = {"N": [{"numeric": [">", 100]}, {"anything-but": "101"}]}
OR = {
    "$or": [
        {"c": [{"numeric": [">", 0, "<=", 5]}]},
        {"d": [{"numeric": ["<", 10]}]},
        {"x": [{"numeric": ["=", 3.018e2]}]},
    ]
}
ARN = "arn:aws:events:us-east-1:123456789012:event-bus/myEventBus"
DEEP = {"a": {"b": {"c": {"d": [{"exists": False}]}}}}


@pytest.mark.parametrize(
    ("name", "pattern", "event"),
    [
        ("arrays", {"v": ["a", "b", "c"]}, {"v": ["z", "b"]}),
        ("boolean", {"v": [False]}, {"v": False}),
        ("complex_many_rules", MANY, MET),
        ("complex_or", OR, {"c": 0, "d": 0, "x": 901.8}),
        ("but_ignorecase", but({"equals-ignore-case": "initializing"}), {"v": "pending"}),
        ("but_ignorecase_list", but({"equals-ignore-case": ["initializing", "stopped"]}), {"v": "pending"}),
        ("but_ignorecase_null", but({"equals-ignore-case": "initializing"}), {"v": None}),
        ("but_number", but(123), {"v": 789}),
        ("but_number_list", but([100, 200, 300]), {"v": 999}),
        ("but_number_zero", but(0), {"v": 789}),
        ("but_string", but("initializing"), {"v": "pending"}),
        ("but_string_list", but(["stopped", "overloaded"]), {"v": "pending"}),
        ("but_string_null", but("initializing"), {"v": None}),
        ("but_prefix", but({"prefix": "init"}), {"v": "post-init"}),
        ("but_prefix_int_value", but({"prefix": "init"}), {"v": 12}),
        ("but_prefix_list", but({"prefix": ["init", "test"]}), {"v": "post-init"}),
        ("but_prefix_null", but({"prefix": "init"}), {"v": None}),
        ("but_suffix", but({"suffix": ".txt"}), {"v": "file.txt.bak"}),
        ("but_suffix_list", but({"suffix": [".txt", ".jpg"]}), {"v": "file.txt.bak"}),
        ("but_wildcard", but({"wildcard": "*/dir/*"}), {"v": "dir/init/file"}),
        ("but_wildcard_empty", but({"wildcard": ""}), {"v": "dir/init/file"}),
        ("but_wildcard_int", but({"wildcard": "*/dir/*"}), {"v": 123}),
        ("but_wildcard_list", but({"wildcard": ["*/init/*", "*/dir/*"]}), {"v": "dir/post/dir"}),
        ("exists", {"v": [{"exists": True}]}, {"v": "pending"}),
        ("exists_false", DEEP, {"a": {"b": "x"}}),
        ("ignorecase", {"v": [{"equals-ignore-case": "ec2 state"}]}, {"v": "EC2 State"}),
        ("ignorecase_empty", {"v": [{"equals-ignore-case": ""}]}, {"v": ""}),
        ("ip_address", {"v": [{"cidr": "10.0.0.0/24"}]}, {"v": "10.0.0.255"}),
        ("ip_address_v6", {"v": [{"cidr": "2001:db8:1234:1a00::/64"}]}, {"v": "2001:0db8:1234:1a00:0:0:0:0"}),
        ("numeric_and", {"v": [{"numeric": ["=", 3.018e2]}]}, {"v": 301.8}),
        ("prefix", {"v": [{"prefix": "2022-07-13"}]}, {"v": "2022-07-13T13:48:01Z"}),
        ("prefix_empty", {"v": [{"prefix": ""}]}, {"v": "test-source"}),
        ("prefix_ignorecase", {"v": [{"prefix": {"equals-ignore-case": "EventB"}}]}, {"v": "EvEnTb"}),
        ("suffix", {"v": [{"suffix": ".png"}]}, {"v": "image.png"}),
        ("suffix_empty", {"v": [{"suffix": ""}]}, {"v": "test-source"}),
        ("suffix_ignorecase", {"v": [{"suffix": {"equals-ignore-case": ".png"}}]}, {"v": "image.PNG"}),
        ("wildcard_nonrepeating", {"v": [{"wildcard": "/Users/*/doc.txt"}]}, {"v": "/Users/me/dir/dir/doc.txt"}),
        ("wildcard_repeating", {"v": [{"wildcard": "/U/*/dir/dir/doc.txt"}]}, {"v": "/U/x/dir/dir/dir/doc.txt"}),
        ("wildcard_simplified", {"v": [{"wildcard": "arn:aws:events:us-east-1:*:event-bus/*"}]}, {"v": ARN}),
        ("dot_joining_event", {"v": {"state": {"status": ["running"]}}}, {"v": {"state.status": "running"}}),
        ("dot_joining_pattern", {"v": {"state.status": ["running"]}}, {"v": {"state": {"status": "running"}}}),
        ("dynamodb", {"NewImage": {"homemade": {"N": ["1234"]}}}, STOCK),
        ("exists_dynamodb", {"key": {"S": [{"exists": True}]}}, {"key": {"S": "x"}}),
        ("list_within_dict", {"v": {"id": [{"exists": True}]}}, {"v": [{"a": "1"}, {"id": "2"}, {"b": "3"}]}),
        ("null_value", {"v": [None]}, {"v": None}),
        ("number_comparison_float", {"v": [300]}, {"v": 300.0}),
        ("numeric-int-float", {"v": [{"numeric": [">", 100]}]}, {"v": 101.0}),
        ("operator_multiple_list", {"v": [{"exists": True}, {"prefix": "X"}, {"suffix": "X"}]}, {"v": "mine"}),
        ("or-anything-but", UNSTOCKED, STOCK),
        ("or-exists", UNSTOCKED, {"NewImage": {"homemade": {"N": "789"}}}),
        ("or-exists-parent", UNSTOCKED, {"NewImage": {"purchased": {"N": "789"}}}),
        ("or-numeric-anything-but", UNUSUAL, {"N": "42"}),
        ("string", {"v": ["A CamelCase \U0001f680 and space "]}, {"v": "A CamelCase \U0001f680 and space "}),
        ("string_empty", {"v": [""]}, {"v": ""}),
        ("with_escape_characters", {"star": ["*"], "back": ["\\"]}, {"star": "*", "back": "\\"}),
    ],
)
def test_an_event_that_eventbridge_was_recorded_to_choose_is_chosen(name: str, pattern: Json, event: Json) -> None:
    assert chosen(pattern, event), name


@pytest.mark.parametrize(
    ("name", "pattern", "event"),
    [
        ("arrays", {"v": ["a", "b", "c"]}, {"v": ["z"]}),
        ("arrays_empty_null", {"v": [None]}, {"v": []}),
        ("boolean", {"v": [False]}, {"v": True}),
        ("complex_multi_match", MANY, MET | {"other": 200}),
        ("complex_or", OR, {"c": 0, "d": 10, "x": 901.8}),
        ("but_ignorecase", but({"equals-ignore-case": "initializing"}), {"v": "INITIALIZING"}),
        ("but_ignorecase_list", but({"equals-ignore-case": ["initializing", "stopped"]}), {"v": "Stopped"}),
        ("but_ignorecase_missing", but({"equals-ignore-case": "initializing"}), {}),
        ("but_number", but(123), {"v": 123}),
        ("but_number_list", but([100, 200, 300]), {"v": 100}),
        ("but_string", but("initializing"), {"v": "initializing"}),
        ("but_string_list", but(["stopped", "overloaded"]), {"v": "stopped"}),
        ("but_string_missing", but("initializing"), {}),
        ("but_string_list_missing", but(["stopped", "overloaded"]), {}),
        ("but_prefix", but({"prefix": "init"}), {"v": "init-prefix"}),
        ("but_prefix_list", but({"prefix": ["init", "post"]}), {"v": "post-init"}),
        ("but_prefix_missing", but({"prefix": "init"}), {}),
        ("but_suffix", but({"suffix": ".txt"}), {"v": "file.txt"}),
        ("but_suffix_list", but({"suffix": [".txt", ".jpg"]}), {"v": "file.jpg"}),
        ("but_suffix_missing", but({"suffix": ".txt"}), {}),
        ("but_wildcard", but({"wildcard": "*/init/*"}), {"v": "dir/init/file"}),
        ("but_wildcard_list", but({"wildcard": ["*/init/*", "*/dir/*"]}), {"v": "dir/init/dir"}),
        ("but_wildcard_missing", but({"wildcard": "*/init/*"}), {}),
        ("exists", {"v": [{"exists": True}]}, {"w": {"v": 100}}),
        ("exists_false", DEEP, {"a": {"b": {"c": {"d": "x"}}}}),
        ("exists_list_empty", {"v": [{"exists": True}]}, {"v": []}),
        ("exists_dynamodb", {"key": [{"exists": True}]}, {"key": {"S": "x"}}),
        ("ignorecase", {"v": [{"equals-ignore-case": "I do not match"}]}, {"v": "EC2 State"}),
        ("ignorecase_empty", {"v": [{"equals-ignore-case": ""}]}, {"v": "test-value"}),
        ("ip_address", {"v": [{"cidr": "10.0.0.0/24"}]}, {"v": "10.0.0.256"}),
        ("ip_address_bad_type", {"v": [{"cidr": "10.0.0.0/24"}]}, {"v": 123}),
        ("ip_address_v6", {"v": [{"cidr": "2001:db8:1234:1a00::/64"}]}, {"v": "2001:0db8:123f:1a01:0:0:0:0"}),
        ("numeric_and", {"v": [{"numeric": [">", 0, "<=", 5]}]}, {"v": 42}),
        ("prefix", {"v": [{"prefix": "2022-07-99"}]}, {"v": "2022-07-13T13:48:01Z"}),
        ("suffix", {"v": [{"suffix": ".PNG"}]}, {"v": "image.png"}),
        ("suffix_ignorecase", {"v": [{"suffix": {"equals-ignore-case": ".png"}}]}, {"v": "image.jpg"}),
        ("wildcard_empty", {"v": [{"wildcard": ""}]}, {"v": ARN}),
        (
            "wildcard_nonrepeating",
            {"v": [{"wildcard": "/Users/*/doc.txt"}]},
            {"v": "/Users/me/notmatchingdoc.txt"},
        ),
        ("wildcard_repeating", {"v": [{"wildcard": "/U/*/dir/dir/doc.txt"}]}, {"v": "/U/x/dir/otherdir/doc.txt"}),
        ("dot_joining_event", {"state": {"status": ["on"]}}, {"state.status": {"status": "on"}}),
        ("dot_joining_pattern", {"state.status": {"status": ["on"]}}, {"state": {"status": "on"}}),
        ("key_case_sensitive", {"MY_KEY": ["x"]}, {"my_key": "x"}),
        ("nested_json", {"v": {"my-key": ["x"]}}, {"v": '{"my-key": "x"}'}),
        ("null_value", {"v": [None]}, {"v": "null"}),
        ("numeric-null", {"v": [{"numeric": [">", 100]}]}, {"v": None}),
        ("numeric-string", {"v": [{"numeric": [">", 100]}]}, {"v": "300"}),
        ("or-numeric-anything-but", UNUSUAL, {"N": "101"}),
    ],
)
def test_an_event_that_eventbridge_was_recorded_to_pass_over_is_passed_over(
    name: str, pattern: Json, event: Json
) -> None:
    assert not chosen(pattern, event), name


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("arrays_empty", {"v": []}),
        ("but_ignorecase", but({"equals-ignore-case": 123})),
        ("but_ignorecase_list", but({"equals-ignore-case": [123, 456]})),
        ("but_string_list_null_type", but(["stopped", None])),
        ("but_string_null_type", but(None)),
        ("but_prefix_empty", but({"prefix": ""})),
        ("but_prefix_ignorecase", but({"prefix": {"equals-ignore-case": "file"}})),
        ("but_prefix_int", but({"prefix": 123})),
        ("but_prefix_list_type", but({"prefix": [123, "test"]})),
        ("but_suffix_empty", but({"suffix": ""})),
        ("but_suffix_ignorecase", but({"suffix": {"equals-ignore-case": ".png"}})),
        ("but_suffix_list_null_type", but({"suffix": [None, ".txt"]})),
        ("but_wildcard_list_type", but({"wildcard": [123, "*/dir/*"]})),
        ("but_wildcard_type", but({"wildcard": 123})),
        ("ignorecase", {"v": [{"equals-ignore-case": ["ec2"]}]}),
        ("ignorecase_list", {"v": [{"equals-ignore-case": {"prefix": "ec2"}}]}),
        ("ip_address", {"v": [{"cidr": "bad-filter"}]}),
        ("ip_address_bad_ip", {"v": [{"cidr": "xx.11.xx/8"}]}),
        ("ip_address_bad_mask", {"v": [{"cidr": "bad-/64filter"}]}),
        ("ip_address_type", {"v": [{"cidr": ["bad-type"]}]}),
        ("ip_address_v6_bad_ip", {"v": [{"cidr": "xxxx:db8:1234:1a00::/64"}]}),
        ("numeric", {"v": [{"numeric": [">", 0, ">", 0]}]}),
        ("numeric_number", {"v": [{"numeric": 10}]}),
        ("numeric_operatorcasing", {"v": [{"NUMERIC": ["=", 5]}]}),
        ("numeric_syntax", {"v": [{"numeric": [">", 0, "<"]}]}),
        ("prefix_int", {"v": [{"prefix": 123}]}),
        ("prefix_list", {"v": [{"prefix": ["2022-07-13"]}]}),
        ("suffix_int", {"v": [{"suffix": 123}]}),
        ("suffix_list", {"v": [{"suffix": [".png"]}]}),
        ("wildcard_int", {"v": [{"wildcard": 123}]}),
        ("wildcard_list", {"v": [{"wildcard": ["a*"]}]}),
        ("wildcard_repeating_star", {"v": [{"wildcard": "us-east-1:**:event-bus"}]}),
        ("int_nolist", {"v": 42}),
        ("string_nolist", {"v": "my-value"}),
        ("operator_case_sensitive", {"v": [{"EXISTS": True}]}),
        ("invalid_json_event_pattern", ["not", "a", "dict"]),
    ],
)
def test_a_pattern_that_eventbridge_was_recorded_to_refuse_is_refused(name: str, pattern: Json) -> None:
    with pytest.raises(ValueError, match=r"."):
        Pattern(json.dumps(pattern))


def test_of_a_name_that_stands_twice_the_last_counts() -> None:
    twice = Pattern('{"v": [{"prefix": "us-"}], "v": [{"anything-but": "us-east"}]}')
    assert twice.matches({"v": "eu-west"})


def test_what_is_asked_of_one_object_of_a_list_is_not_put_together_from_two() -> None:
    pattern = {"v": {"first": ["Ann"], "last": ["Lee"]}}
    assert chosen(pattern, {"v": [{"first": "Bo", "last": "Ek"}, {"first": "Ann", "last": "Lee"}]})
    assert not chosen(pattern, {"v": [{"first": "Ann", "last": "Ek"}, {"first": "Bo", "last": "Lee"}]})


def test_or_with_operators_in_it_is_a_member_of_that_name() -> None:
    assert chosen({"$or": [{"prefix": "a"}, {"prefix": "b"}]}, {"$or": "bee"})


@pytest.mark.parametrize("number", ["6000000000", "0.1234567", "1e12"])
def test_numbers_with_more_digits_than_aws_promises_to_compare_are_not_guessed_at(number: str) -> None:
    with pytest.raises(ValueError, match="more digits than AWS promises"):
        Pattern('{"v": [{"numeric": [">", 1]}]}').matches(parsed(f'{{"v": {number}}}'))


def test_an_event_with_lists_beyond_measure_is_refused_and_not_searched_for_ever() -> None:
    pattern = {"v": {f"m{number}": ["x"] for number in range(12)} | {"z": ["absent"]}}
    event = {"v": [[{f"m{number}": "x" for number in range(12)}] for _ in range(4)] * 4, "w": 1}
    flat = {"v": {f"m{number}": ["x"] * 8 for number in range(12)} | {"z": "there"}}
    assert not chosen(pattern, event)
    with pytest.raises(ValueError, match="too many lists"):
        chosen(pattern, flat)
