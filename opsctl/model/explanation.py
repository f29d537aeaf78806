"""What an id that opsctl prints means: guards, checks, findings, errors."""

from opsctl.model.value import Value


class Explanation(Value):
    """What an id means, why that matters, and what to do; `of` is where it appears."""

    id: str
    kind: str
    of: str
    means: str
    why: str
    todo: str
