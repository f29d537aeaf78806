"""Tells from the raw words of a command line which form its result is wanted in, also when they do not parse."""


def asked_for_json(argv: list[str]) -> bool:
    """Tell whether the result is wanted as JSON."""
    form = form_of(argv)
    return form == "json" or (form in ("", "text") and bool(value_of(argv, "--query")))


def form_of(argv: list[str]) -> str:
    """Return the form that is named, or nothing."""
    short = next((arg.removeprefix("-o") for arg in argv if arg.startswith("-o") and arg != "-o"), "")
    return short or value_of(argv, "--output") or value_of(argv, "-o")


def value_of(argv: list[str], switch: str) -> str:
    """Return what follows a switch the last time it is given, or is joined to it by `=`."""
    found = ""
    for arg, following in zip(argv, [*argv[1:], ""], strict=False):
        if arg == switch:
            found = following
        elif arg.startswith(f"{switch}="):
            found = arg.partition("=")[2]
    return found
