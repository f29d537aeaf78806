"""Checks the filter and the edits of a redrive before anything is read."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.edits import parse_setting, refuse_bad_expression
from opsctl.dlq.message_filter import Setting
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class Edits(Value):
    """The parsed edits."""

    settings: tuple[Setting, ...]


class DlqEdits(Fact):
    """Parse what is to be set in messages, and check the expressions; reads nothing."""

    name: ClassVar[str] = "dlq.edits"
    Result: ClassVar[type[Value]] = Edits

    where: str = Field("", description="JMESPath over a message.")
    settings: tuple[str, ...] = Field((), description="body.a.b=VALUE or attributes.name=VALUE; =EXPR computes.")
    edit: str = Field("", description="JMESPath over a message that gives its new body.")

    def read(self, about: Context) -> Fetching[Value]:
        """Parse; nothing is asked of the account."""
        for text, source in ((self.where, "where"), (self.edit, "edit")):
            if text:
                refuse_bad_expression(text, source)
        return Edits(settings=tuple(parse_setting(text) for text in self.settings))
        yield
