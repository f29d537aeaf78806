"""A name that the language of playbooks had in the version before: it works for one version, with a warning."""

from typing import Literal

from opsctl.model.value import Value


class FormerName(Value):
    """What something was called, and what it is called now.

    `action`: the action `of` is called `now`. `field`: the action `of` calls its field `name` `now`. `moved`: a
    step that gives the action `of` its field `name` means the action `now`. `result`: the fact `of` calls the part
    `name` of its result `now`.
    """

    kind: Literal["action", "field", "moved", "result"]
    of: str
    name: str = ""
    now: str
