"""Which instances were named on the command line, looked at before anything is called."""

from opsctl.cli.playbook_options import Given


def refuse_no_selection(given: Given) -> None:
    """Refuse a command that names no instance, all and some of them, or a tag that is none.

    Raises:
        InvalidInput: with the flag that it is about.
    """
    from opsctl.model.errors import InvalidInput
    from opsctl.tune.selection import Selection

    asked = Selection.model_validate({name: given.values[name] for name in Selection.model_fields})
    try:
        asked.reads("")
    except InvalidInput as invalid:
        raise invalid.told_as(given.flags) from None
