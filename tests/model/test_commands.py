"""Commands to type next."""

from opsctl.cli.options import AccountOptions
from opsctl.model.commands import command_line


def test_a_command_carries_the_switches_that_led_to_the_account() -> None:
    typed = AccountOptions(profile="night shift", region="eu-west-1", endpoint_url="http://127.0.0.1:4566")
    assert command_line(typed.words(sandbox=False), "undo", "a run") == (
        "opsctl undo 'a run' --region eu-west-1 --profile 'night shift' --endpoint-url http://127.0.0.1:4566"
    )


def test_only_what_used_the_sandbox_names_it_and_no_profile_leads_out_of_it() -> None:
    typed = AccountOptions(profile="production", region="eu-west-1")
    assert command_line(typed.words(sandbox=True), "undo", "r") == "opsctl --sandbox undo r --region eu-west-1"
    role = AccountOptions(role_arn="arn:aws:iam::1:role/r")
    assert command_line(role.words(sandbox=True), "undo", "r") == (
        "opsctl --sandbox undo r --role-arn arn:aws:iam::1:role/r"
    )
    assert command_line(AccountOptions().words(sandbox=False), "undo", "r") == "opsctl undo r"
