"""Sessions of assumed roles, kept where the aws CLI keeps them: a code is asked for once, and not by each command.

The file's name and its content are the SDK's own (`botocore.utils.JSONFileCache`, and the cache key of
`botocore.credentials.AssumeRoleCredentialFetcher`); the place is `awscli.customizations.assumerole.CACHE_DIR`.
Either finds what the other left.
"""

import logging
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError
from botocore.utils import JSONFileCache

_LOG = logging.getLogger(__name__)
_PLACE = "~/.aws/cli/cache"
_CODE = re.compile(r"[0-9]{6}")

Ask = Callable[[str], str | None]
"""Puts a question to the person and returns what was typed, or None where nobody is there to answer."""


class NobodyToAskError(BotoCoreError):  # type: ignore[misc]
    """A role wants a code, and there is no terminal on which somebody could type it."""

    fmt = "a code of an MFA device is needed, and there is no terminal to ask for it"


class NoCodeError(BotoCoreError):  # type: ignore[misc]
    """What was typed for a code cannot be one."""

    fmt = "what was typed is no code of an MFA device: it has six digits"


class RoleCache(JSONFileCache):  # type: ignore[misc]
    """The aws CLI's cache; a file in it that is no session is passed over, and one that cannot be kept is not."""

    def __init__(self) -> None:
        # Here, and not when the class is made: the home directory is the caller's.
        super().__init__(os.path.expanduser(_PLACE))  # noqa: PTH111

    def __contains__(self, key: str) -> bool:
        """Whether there is a session under this key, whether or not it has expired."""
        try:
            kept = self[key]
        except KeyError:
            return False
        credentials = kept.get("Credentials") if isinstance(kept, Mapping) else None
        return isinstance(credentials, Mapping) and "Expiration" in credentials

    def __setitem__(self, key: str, value: Any) -> None:
        """Keep a session, in a file that its owner alone can read."""
        try:
            os.makedirs(self._working_dir, mode=0o700, exist_ok=True)  # noqa: PTH103
            super().__setitem__(key, value)
        except OSError as fault:
            # A home directory that is read-only, as in a container, costs a code a command and no more.
            _LOG.debug("the session is not kept: %s", fault)


def keep_role_sessions(core: Any, ask: Ask, *, on_disk: bool) -> None:
    """Have a session of the SDK ask for codes by `ask`, and keep the roles that its profiles assume.

    What an endpoint that was typed answers is not kept: it would be taken for an answer of AWS.
    """

    def code_for(question: str) -> str:
        typed = ask(question)
        if typed is None:
            raise NobodyToAskError
        if not _CODE.fullmatch(typed.strip()):
            raise NoCodeError
        return typed.strip()

    chain = core.get_component("credential_provider")
    assuming = chain.get_provider("assume-role")
    assuming._prompter = code_for
    if on_disk:
        cache = RoleCache()
        assuming.cache = cache
        chain.get_provider("assume-role-with-web-identity").cache = cache
