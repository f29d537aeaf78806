"""What went wrong before AWS even knew who calls, and the command that helps: one message for each way to fail.

Sources: `botocore.exceptions`, `botocore.credentials`, and the STS, IAM Identity Center and IAM user guides.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import exceptions as sdk

from opsctl import DISTRIBUTION
from opsctl.aws.local_files import passed_over
from opsctl.aws.role_cache import NobodyToAskError, NoCodeError
from opsctl.aws.translate import NO_CONNECTION, refusal_of, words_of
from opsctl.model.commands import Commands, command_line
from opsctl.model.errors import AwsRefused, InvalidInput, OpsctlError
from opsctl.model.sentences import first_few

SKEW_S = 240
"""AWS takes a signature for five minutes (IAM user guide, "Signature expired"); what is near that is the clock."""

_UNKNOWN_KEY = ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure")
_OVER = ("ExpiredToken", "ExpiredTokenException")
_SIGNED_WRONG = ("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature")
_TIMED_WRONG = (*_SIGNED_WRONG, "RequestExpired", "RequestTimeTooSkewed", "AuthFailure")
_SIGN_IN = (sdk.SSOError, sdk.TokenRetrievalError)
_MISCONFIGURED = (sdk.InvalidConfigError, sdk.PartialCredentialsError, sdk.ConfigParseError, sdk.ProfileNotFound)


@dataclass(frozen=True)
class CredentialSource:
    """Whom the SDK was told to call as: what was typed or set, and what the configuration has of it."""

    profile: str
    region: str
    profiles: Mapping[str, Mapping[str, Any]]
    regions: Sequence[str]
    from_environment: bool

    def aws(self, *words: str) -> str:
        """Return a command of the aws CLI for this profile."""
        return self._of(self.profile, *words)

    def sign_in(self, command: str) -> str:
        """Return the command that signs the profile in from which everything else follows."""
        return self._of(self._source(), command, "login") if command else self._of(self._source(), "login")

    @staticmethod
    def _of(profile: str, *words: str) -> str:
        return Commands(("--profile", profile) if profile else ()).aws(*words)

    def _source(self) -> str:
        name, met = self.profile or "default", set()
        while name not in met and "source_profile" in self.profiles.get(name, {}):
            met.add(name)
            name = str(self.profiles[name]["source_profile"])
        return "" if name == "default" else name


def explained(fault: Exception, api: str, source: CredentialSource, now: float) -> OpsctlError:
    """Return the error that says what is wrong with credentials, region or clock, and what to type."""
    found = _told_here(fault, source) or _told_by_aws(fault, api, source, now)
    if isinstance(found, InvalidInput):
        return found
    error = AwsRefused(refusal_of(fault, api))
    if found:
        error.summary, error.hint = found
        error.args = (error.summary,)
    return error


def profile_missing(name: str, source: str, profiles: Sequence[str]) -> InvalidInput:
    """Return the error for a profile that no file has."""
    near = difflib.get_close_matches(name, profiles, n=1)
    there = f"profiles here: {_few(profiles)}" if profiles else "no file here has any profile"
    hint = passed_over() or (f"did you mean {near[0]}? {there}" if near else there)
    return InvalidInput.one(f"the profile {name!r} is in no configuration file", source=source, hint=hint)


def _told_here(fault: Exception, source: CredentialSource) -> tuple[str, str] | InvalidInput | None:
    """What this machine found out by itself."""
    of = f"profile {source.profile}" if source.profile else "the default profile"
    if isinstance(fault, sdk.NoCredentialsError):
        return _none(source)
    if isinstance(fault, _SIGN_IN):
        return f"{of} is not signed in, or no longer: {fault}", source.sign_in("sso")
    if isinstance(fault, sdk.LoginError):
        return f"{of} is not signed in, or no longer: {fault}", source.sign_in("")
    if isinstance(fault, sdk.MissingDependencyException):
        return (
            f"{of} is signed in by `aws login`, which needs a library more",
            f"pip install '{DISTRIBUTION}[login]'",
        )
    if isinstance(fault, NobodyToAskError):
        again = command_line(("--profile", source.profile) if source.profile else (), "doctor")
        return f"{of}: {fault}", f"{again} in a terminal asks for it, and keeps the session as the aws CLI does"
    if isinstance(fault, NoCodeError):
        return f"{of}: {fault}", "run it again with the code that the device shows"
    if isinstance(fault, sdk.RefreshWithMFAUnsupportedError):
        return f"the session of {of} is over, and a new one needs a code", "run it again, and type the code"
    if isinstance(fault, sdk.CredentialRetrievalError):
        return f"{of}: what gives its credentials did not: {fault}", source.aws("configure", "list")
    if isinstance(fault, _MISCONFIGURED):
        hint = passed_over() or "mend it in ~/.aws/config"
        return InvalidInput.one(f"{of}: {fault}", source="AWS configuration", hint=hint)
    if isinstance(fault, NO_CONNECTION):
        return _no_connection(fault, source)
    return None


def _none(source: CredentialSource) -> tuple[str, str]:
    if passed_over():
        return "no AWS credentials were found", passed_over()
    if source.profile:
        what = f"profile {source.profile} has no credentials"
        return what, f"{source.aws('configure', 'sso')}, or keys by {source.aws('configure')}"
    what = "no AWS credentials: none in the environment, in ~/.aws, or given to this machine"
    named = [name for name in sorted(source.profiles) if name != "default"]
    if named:
        return what, f"name a profile by --profile or AWS_PROFILE; here: {_few(named)}"
    return what, f"{source.aws('configure', 'sso')} makes a profile; --sandbox needs none"


def _no_connection(fault: Exception, source: CredentialSource) -> tuple[str, str]:
    if source.region in source.regions or source.region not in str(fault):
        return f"no connection: {words_of(fault)}", "check network, VPN and proxy (HTTPS_PROXY, NO_PROXY)"
    near = difflib.get_close_matches(source.region, source.regions, n=1)
    hint = f"did you mean --region {near[0]}?" if near else "name another by --region or AWS_REGION"
    return f"{source.region} is no region that the installed SDK knows: {fault}", hint


def _told_by_aws(fault: Exception, api: str, source: CredentialSource, now: float) -> tuple[str, str] | None:
    """What AWS answered, of the call that was meant or of one that gets credentials for it."""
    if not isinstance(fault, sdk.ClientError):
        return None
    code = str(fault.response.get("Error", {}).get("Code", ""))
    skew = clock_skew_of(fault.response, now)
    refused = str(refusal_of(fault, api))
    if code in (*_TIMED_WRONG, *_OVER) and abs(skew) > SKEW_S:
        what = f"this machine's clock is {_spelt(skew)} AWS's: {refused}"
        return what, "set the clock (timedatectl set-ntp true), then run it again"
    if fault.operation_name in ("AssumeRole", "AssumeRoleWithWebIdentity"):
        return _role_refused(refused, source)
    if fault.operation_name == "GetRoleCredentials":
        what = (
            f"IAM Identity Center does not give you the role of profile {source.profile or 'default'}: {refused}"
        )
        return what, f"{source.sign_in('sso')}, or have the permission set assigned to you in that account"
    if code in _OVER:
        how = "export new ones, or unset them" if source.from_environment else source.sign_in("sso")
        return f"the credentials have expired: {refused}", how
    if code in _UNKNOWN_KEY:
        what = f"AWS does not know this access key, or not in {source.region}: {refused}"
        return what, f"{source.aws('configure', 'list')} says where it is from"
    if code in _SIGNED_WRONG:
        what = f"the secret key does not belong to the access key: {refused}"
        return what, f"{source.aws('configure', 'list')} says where they are from"
    return None


def _role_refused(refused: str, source: CredentialSource) -> tuple[str, str]:
    if "MultiFactorAuthentication" in refused:
        return f"the code was not accepted: {refused}", "wait for the device's next code, then run it again"
    base = source._of(source._source(), "sts", "get-caller-identity")
    what = f"the role cannot be assumed: {refused}"
    return what, f"the role has to trust the caller ({base}), whose own policies have to allow sts:AssumeRole"


def clock_skew_of(answer: Mapping[str, Any], now: float) -> float:
    """Return by how many seconds `now` is ahead of AWS's clock, from the date of an answer; 0 without one."""
    stamp = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return now - parsedate_to_datetime(stamp).timestamp() if stamp else 0.0


def _spelt(skew: float) -> str:
    minutes = round(abs(skew) / 60)
    length = f"{minutes} min" if minutes < 120 else f"{round(abs(skew) / 3600)} h"
    return f"{length} {'ahead of' if skew > 0 else 'behind'}"


def _few(profiles: Iterable[str]) -> str:
    return first_few(sorted(profiles), 6)
