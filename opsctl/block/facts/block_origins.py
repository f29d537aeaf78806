"""Finds what can be reached around CloudFront, and what it takes that CloudFront alone gets in."""

from typing import ClassVar

from pydantic import Field

from opsctl.block.decision import SERVICES
from opsctl.block.origins import ListAdmission, RuleRevocation
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class Origins(Value):
    """What stands behind CloudFront for a target and has an entrance of its own.

    `open` are those that everybody reaches directly, `fronts` the distributions in front. `unfronted` says that
    there are none, `unlockable` what cannot be locked and why. `shared` is what else is in the same security
    groups, `direct` who is known to come without CloudFront, `stays` which rules still let somebody in afterwards.
    `private` are origins that need no lock, and why.
    """

    names: tuple[str, ...] = ()
    fronts: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    admissions: tuple[ListAdmission, ...] = ()
    revocations: tuple[RuleRevocation, ...] = ()
    unfronted: tuple[str, ...] = ()
    unlockable: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    direct: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    standing: str = ""
    outlook: str = ""


class BlockOrigins(Fact):
    """Find the origins of a target that can be reached around CloudFront, and the rules that let everybody in."""

    name: ClassVar[str] = "block.origins"
    Result: ClassVar[type[Value]] = Origins
    services: ClassVar[tuple[str, ...]] = (*SERVICES, "service-quotas")

    target: str = Field(description="Host name, URL, load balancer, distribution, API, instance or address.")

    def read(self, about: Context) -> Fetching[Value]:
        """Explore the ways in, and read the security groups of what stands behind a distribution."""
        # Imported here: whoever only shows a plan checks the field above, and none of this is looked at.
        from opsctl.block.target_origins import origins_of

        found = yield from origins_of(self.target, about)
        return found
