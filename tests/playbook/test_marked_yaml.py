"""YAML of others is read as PyYAML reads it, and each part knows its characters."""

import pytest
import yaml

from opsctl.model.errors import InvalidInput
from opsctl.playbook.marked_yaml import read_marked

ODD = """\
%YAML 1.1
---
"quoted": 'it''s'   # why
flow: {a: [1, 2.5, yes], b: }
text: |+
  two
  lines

base: &base {x: 1, y: 2}
child:
  <<: [*base, {z: 9, x: 7}]
  y: 3
alias: *base
date: 2026-12-01
none:
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_it_says_what_pyyaml_says(newline: str) -> None:
    text = ODD.replace("\n", newline)
    assert read_marked(text, "f").value == yaml.safe_load(text)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_each_scalar_stands_where_it_says(newline: str) -> None:
    text = f"# é\na: [x, &k yy, *k]{newline}b:{newline}  c: 'z'{newline}"
    root = read_marked(text, "f")
    items = root.pairs[0][1].items
    assert [text[one.start : one.end] for one in items] == ["x", "&k yy", "*k"]
    assert [(one.alias, one.uses) for one in items] == [(False, 1), (False, 2), (True, 2)]
    below = root.at(("b", "c"))
    assert below is not None
    assert (text[below.start : below.end], below.line, below.column) == ("'z'", 4, 6)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: [1\nc: 2\n", 3, "not YAML"),
        ("a: 1\n\na: 2\n", 3, "twice"),
        ("a: &x [*x]\n", 1, "inside its own anchor"),
        ("? [1, 2]\n: x\n", 1, "a key has to be text"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: !python/object:os.system x\n", 1, "not YAML"),
        ("", 1, "empty"),
        ("[" * 100 + "]" * 100, 1, "deeper"),
        ("a: 1\nb: \ud800\n", 2, "not YAML"),
    ],
    ids=["syntax", "twice", "recursive", "key", "documents", "tag", "empty", "deep", "surrogate"],
)
def test_a_bad_file_is_told_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_marked(text, "f.yaml")
    (fault,) = caught.value.diagnostics
    assert said in fault.summary
    assert (fault.where.source, fault.where.line) == ("f.yaml", line)


def test_a_few_lines_that_stand_for_billions_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(InvalidInput, match="aliases followed"):
        read_marked("\n".join(lines), "f.yaml")


def test_a_template_is_told_as_one() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_marked("a: 1\n{% if x %}\nb: 2\n{% endif %}\n", "f.yaml")
    assert caught.value.diagnostics[0].hint == "it looks like a template: render it first"
