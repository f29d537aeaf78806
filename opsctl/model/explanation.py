"""What an id that opsctl prints means: guards, checks, findings, errors."""

from opsctl.model.value import Value


class Explanation(Value):
    """What an id means, why that matters, and what to do; `of` is where it appears.

    `source` is where AWS says so, of what is a rule of AWS.
    """

    id: str
    kind: str
    of: str
    means: str
    why: str
    todo: str
    source: str = ""
