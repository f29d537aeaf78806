"""A name that the language of playbooks had in the version before: it works for one version, with a warning."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from opsctl.model.value import Value


class FormerName(Value):
    """What something was called, and what it is called now.

    `action`: the action `of` is called `now`. `field`: the action `of` calls its field `name` `now`. `moved`: a
    step that gives the action `of` its field `name` means the action `now`. `result`: the fact `of` calls the part
    `name` of its result `now`. `value`: where the fact `of` said `name` it says `now`.
    """

    kind: Literal["action", "field", "moved", "result", "value"]
    of: str
    name: str = ""
    now: str


def in_present_words(text: str, facts: Mapping[str, str], former: Iterable[FormerName]) -> str:
    """Return an expression with the names that parts and values of facts have now.

    `facts` tells the fact behind each name that the expression may use. A part is found where it is written
    `facts.NAME.PART`, a value where it stands in quotes, in an expression over its fact.
    """
    for one in former:
        of_it = "|".join(re.escape(name) for name, fact in facts.items() if fact == one.of)
        if not of_it or one.kind not in ("result", "value"):
            continue
        if one.kind == "result":
            written = rf"\b(facts\.(?:{of_it}))\.{re.escape(one.name)}\b(?!\()"
            text = re.sub(written, rf"\g<1>.{one.now}", text)
        elif re.search(rf"\bfacts\.(?:{of_it})\b", text):
            text = re.sub(rf"(?<=[\"']){re.escape(one.name)}(?=[\"'])", one.now, text)
    return text
