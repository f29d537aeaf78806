"""What taking a change back does, said from the title of the change: it removes, detaches, resumes."""

import re

_TAIL = r"(?:[,;:] .*| that .*)?"
_OPPOSITES: tuple[tuple[str, str], ...] = (
    (rf"Create (.+?){_TAIL}", r"Delete \1"),
    (rf"Add (.+) to (.+?){_TAIL}", r"Remove \1 from \2"),
    (rf"Attach (.+) to (.+?){_TAIL}", r"Detach \1 from \2"),
    (r"Associate (.+) with (.+)", r"Disassociate \1 from \2"),
    (rf"Deny (.+) at (.+?){_TAIL}", r"Remove the deny of \1 at \2"),
    (r"Block (.+)", r"Unblock \1"),
    (r"Record it on (.+)", r"Take the record off \1"),
    (r"Record on (.+) what is still blocked", r"Restore the record on \1"),
    (r"Take the record off (.+)", r"Record it on \1 again"),
    (rf"Clear (.+?){_TAIL}", r"Restore \1"),
    (rf"List .+ in (.+?){_TAIL}", r"Delete \1"),
    (r"Take (.+) out of (.+)", r"Put \1 into \2 again"),
    (r"Take (.+) off the list (.+)", r"Put \1 on the list \2 again"),
    (r"Delete the deny of (.+) at (.+)", r"Deny \1 at \2 again"),
    (r"Delete the list (.+)", r"Create the list \1 again"),
    (r"Tag (\S+) (.+)", r"Remove from \1 the tags \2"),
    (r"Stamp (\S+) (.+)", r"Remove from \1 the stamp \2"),
    (r"Put (.+) on (.+)", r"Delete \1 of \2"),
    (r"Allow (.+)", r"No longer allow \1"),
    (r"Grant (.+)", r"Revoke the grant: \1"),
    (r"Send (.+)", r"No longer send \1"),
    (r"Set (.+) to .+", r"Restore \1"),
    (rf"Change (.+?){_TAIL}", r"Restore \1"),
    (r"Point (.+) at .+", r"Restore \1"),
    (rf"Move (.+) to the front{_TAIL}", r"Move \1 back"),
    (r"Turn off (.+)", r"Turn on \1"),
    (r"Enable (.+)", r"Disable \1"),
    (r"Suspend (.+)", r"Resume \1"),
    (r"Resume (.+)", r"Suspend \1"),
    (r"Launch (.+?)(?: into .*)?", r"Terminate \1"),
    (r"Switch (.+) on at (.+)", r"Switch \1 off at \2"),
    (r"Reserve (.+)", r"Release \1"),
    (r"Release (.+)", r"Reserve \1"),
    (r"Stop (.+)", r"Start \1"),
    (r"Start (.+)", r"Stop \1"),
)
_TAKEN_BACK = "Take back: "


def undo_title(title: str) -> str:
    """Return what is done by taking back the change with that title; of another's words, that it is taken back."""
    if title.startswith(_TAKEN_BACK):
        return title.removeprefix(_TAKEN_BACK)
    for pattern, opposite in _OPPOSITES:
        found = re.fullmatch(pattern, title, re.DOTALL)
        if found:
            return found.expand(opposite)
    return f"{_TAKEN_BACK}{title}"
