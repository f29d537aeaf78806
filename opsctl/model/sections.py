"""Tables that a playbook puts into its plan, and where they stand."""

from typing import Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from opsctl.model.value import Json, Value

SectionPlace = Literal["both", "screen", "details"]


class Section(Value):
    """A table for whoever reviews the plan; every row has a cell for each column.

    `shown` says whether it stands on the one screen, in the details, or in both.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shown: SectionPlace = "both"

    @model_serializer(mode="wrap")
    def _as_always(self, write: SerializerFunctionWrapHandler) -> dict[str, Json]:
        # What is shown everywhere is written as it was before there was a choice, under the same digest.
        data: dict[str, Json] = write(self)
        return {name: value for name, value in data.items() if name != "shown" or value != "both"}
