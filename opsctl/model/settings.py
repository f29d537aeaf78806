"""The configuration: what one file may say, and how the files in use add up, key by key.

A file is the user's own (OPSCTL_CONFIG, or the one in their configuration directory), or came with the directory
they stand in: that one is a stranger's as often as not, and may make opsctl stricter, never laxer.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from opsctl.model.value import Json, Value


class Adds(StrEnum):
    """How what several files say under one key adds up; every key of `SigningKeys` carries one of these."""

    UNITED = "united"
    """A list: everything that any file names."""
    STRICTEST = "strictest"
    """A number: the smallest of what the user's own files say (else the default) and the directory's file says."""
    OWN = "own"
    """Only of the user's own files, a directory's may not have the key: of a list everything that they name, of
    anything else what the first of them says.
    """


PlaybookSum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
AccountNumber = Annotated[str, Field(pattern=r"^[0-9]{12}$")]


class AthenaTable(Value):
    """A table of logs in S3 that Athena may be asked about; names are those of Athena's and Glue's own rules.

    `day_partition` is a partition column of days as `2026/11/30`, where the table has one: it spares scanning all.
    """

    kind: Literal["alb", "cloudfront", "nlb", "vpc-flow", "waf"]
    workgroup: str = Field(pattern=r"^[a-zA-Z0-9._-]{1,128}$")
    database: str = Field(pattern=r"^[a-z0-9_]{1,128}$")
    table: str = Field(pattern=r"^[a-z0-9_]{1,128}$")
    day_partition: str = Field(default="", pattern=r"^[a-z0-9_]{0,64}$")


class Keys(Value):
    """What may stand in a configuration file."""

    never_block: Annotated[tuple[str, ...], Adds.UNITED] = ()
    protected_accounts: Annotated[tuple[AccountNumber, ...], Adds.UNITED] = ()
    max_changes: Annotated[int, Adds.STRICTEST] = Field(default=50, ge=1, le=100_000, strict=True)
    plan_expires_s: Annotated[int, Adds.STRICTEST] = Field(default=4 * 3600, ge=60, le=30 * 86_400, strict=True)
    trusted_playbooks: Annotated[tuple[PlaybookSum, ...], Adds.OWN] = ()
    block_ttl: Annotated[str, Adds.OWN] = Field(default="24h", pattern=r"^(never|[0-9]{1,12}[smhd])$")
    block_sets: Annotated[tuple[str, ...], Adds.OWN] = ()
    proxy_ranges: Annotated[tuple[str, ...], Adds.UNITED] = ()
    notify: Annotated[tuple[SecretStr, ...], Adds.OWN] = ()
    athena: Annotated[tuple[AthenaTable, ...], Adds.OWN] = ()


class SettingsFile(Value):
    """A configuration file that was read; `own` when it is the user's, not the directory's."""

    path: str
    own: bool
    keys: Keys

    def __str__(self) -> str:
        return self.path if self.own else f"{self.path} (of this directory)"


class Settings(Keys):
    """The configuration in force, and the files that it is made of."""

    files: tuple[SettingsFile, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The files in use, as a plan's header and `doctor` name them."""
        return tuple(map(str, self.files))


def rule_of(key: str) -> Adds:
    """Return how a key adds up."""
    (rule,) = (item for item in Keys.model_fields[key].metadata if isinstance(item, Adds))
    return rule


def added_up(files: Sequence[SettingsFile]) -> Settings:
    """Return the configuration that these files make together; without any, the defaults."""
    return Settings(files=tuple(files), **{key: _together(key, files) for key in Keys.model_fields})


def _together(key: str, files: Sequence[SettingsFile]) -> Json:
    rule, default = rule_of(key), Keys.model_fields[key].default
    saying = [file for file in files if key in file.keys.model_fields_set]
    if rule is Adds.STRICTEST:
        own = [getattr(file.keys, key) for file in saying if file.own] or [default]
        return min([*own, *(getattr(file.keys, key) for file in saying if not file.own)])
    if not isinstance(default, tuple):
        return next((getattr(file.keys, key) for file in saying if file.own), default)
    heard = [file for file in saying if file.own or rule is Adds.UNITED]
    return tuple(dict.fromkeys(item for file in heard for item in getattr(file.keys, key)))
