"""The list of blocks as it is shown: one line where a run blocked thousands, each where it says something."""

from opsctl.block.block_rows import BlockRow
from opsctl.block.facts.block_ledger import Ledgered
from opsctl.render.views.block_list import markdown_blocks, render_blocks

NOW = 1_796_112_000.0  # 2026-12-01T08:00:00Z


def row(address: str, **more: object) -> BlockRow:
    base = {
        "address": address,
        "kind": "opsctl",
        "layer": "waf",
        "resource": "opsctl-block-ipv4-shop",
        "resource_id": "arn:1",
        "region": "us-east-1",
        "what": "IP set of AWS WAF",
        "closes": "ways to shop.example.com",
        "until": "2026-12-01T10:00:00Z",
        "by": "alice",
        "run": "20261201-080000-abcd",
    }
    return BlockRow.model_validate(base | more)


def shown(*rows: BlockRow, width: int = 200, **more: object) -> str:
    found = Ledgered.model_validate(
        {"rows": rows, "account": "123456789012", "region": "us-east-1", "now": NOW} | more
    )
    return render_blocks(found, width=width, colour=False)


def test_what_one_run_blocked_by_the_thousand_is_one_line() -> None:
    text = shown(*(row(f"198.51.{one}.{two}/32") for one in range(10) for two in range(100)))
    assert "1,000 blocks of opsctl" in text
    assert "198.51.0.0 and 999 more" in text
    assert len(text.splitlines()) == 4


def test_a_few_addresses_have_a_line_each_and_so_has_each_rule_of_others() -> None:
    few = [row(f"198.51.100.{one}/32") for one in range(3)]
    theirs = [
        row(
            f"192.0.2.{one}/32",
            kind="foreign",
            layer="nacl",
            resource_id="acl-1",
            what=f"deny rule {one}",
            until="",
            by="",
            run="",
        )
        for one in range(9)
    ]
    text = shown(*few, *theirs)
    assert len(text.splitlines()) == 3 + len(few) + len(theirs)
    assert "192.0.2.8" in text
    assert "deny rule 8 (foreign)" in text


def test_what_is_narrowed_to_nothing_says_that_there_are_others() -> None:
    assert shown() == "No blocks in us-east-1 and at CloudFront, account 123456789012.\n"
    text = "No such block, but 3 others in us-east-1 and at CloudFront, account 123456789012."
    assert shown(besides=3) == f"{text}\n"


def test_an_end_is_in_one_line_however_little_room_there_is() -> None:
    assert "  in 2h  " in shown(row("198.51.100.1/32", reason="credential stuffing"), width=60)


def test_what_is_due_says_for_how_long_and_what_to_type() -> None:
    late = row("198.51.100.1/32", until="2026-12-01T07:00:00Z")
    text = shown(late, row("198.51.100.2/32", until="never"), due=[late], reached_by=["--profile", "prod"])
    assert "due 1h ago" in text
    assert "never" in text
    assert "next: opsctl blocks expire --profile prod --region us-east-1" in text


def test_what_could_not_be_read_is_said_though_nothing_was_found() -> None:
    text = shown(unknown=["cannot tell what network ACLs block: access denied"])
    assert "as far as could be read" in text
    assert "cannot tell what network ACLs block" in text


def test_markdown_has_the_same_columns_and_no_markup_of_others() -> None:
    found = Ledgered(rows=(row("198.51.100.1/32", reason="a|b <b>"),), now=NOW)
    text = markdown_blocks(found)
    assert "| address | ends | where | closes | by | reason |" in text
    assert "<b>" not in text
    assert "a|b" not in text
