"""What of the network of instances is to be changed."""

from opsctl.model.errors import InvalidInput
from opsctl.model.value import Value


class TuneWish(Value):
    """What was asked for; nothing of it is done at an instance that is so already."""

    ena: bool = False

    def refuse_nothing(self) -> None:
        """Refuse a wish for nothing at all; raises InvalidInput."""
        if self == TuneWish():
            raise InvalidInput.one("nothing to change is named", source="ena", hint="such as --ena")
