"""A user pool of Amazon Cognito."""

import re

from opsctl.block import cognito
from opsctl.block.node_kinds.edge_names import is_known_elsewhere
from opsctl.block.node_kinds.pool_names import pool_arn, pool_serving
from opsctl.block.node_kinds.protected_service import ProtectedService, Served
from opsctl.block.topology.finding import is_address
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal
from opsctl.resources.route53 import normal_name

_OWN = re.compile(r"^(?P<prefix>[a-z0-9-]+)\.auth\.(?P<region>[a-z0-9-]+)\.amazoncognito\.com$")
_ID = re.compile(r"^(?P<region>[a-z]{2}(-[a-z]+)+-\d)_[0-9A-Za-z]+$")


class UserPoolKind(ProtectedService):
    """Gate: a regional web ACL before its pages and public operations; the refused get ForbiddenException."""

    kind = "user_pool"
    title = "Cognito user pool"
    domains = _OWN
    looked_in = "Cognito user pools"
    mark = ":cognito-idp:"

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by ARN, id or prefix domain, or by a custom domain where nothing else says what that is."""
        if found := _ID.match(text):
            return Naming(places=(self.place(pool_arn(text, found["region"], survey)),))
        own = yield from super().named(text, survey)
        name = normal_name(text)
        if own.places or own.unknown or "." not in name or name.startswith("arn:") or is_address(name):
            return own
        elsewhere = yield from is_known_elsewhere(name, survey)
        if elsewhere:
            return own
        serving = yield from pool_serving(name, survey.about.region, survey)
        return serving.model_copy(update={"places": (), "weak": serving.places})

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its prefix domain."""
        own = _OWN.match(name)
        if own is None:
            return Naming()
        found = yield from pool_serving(own["prefix"], own["region"], survey)
        return found

    def served(self, place: Place, survey: Survey) -> Fetching[Served | str]:
        """Read the user pool."""
        identifier = place.id.rpartition("/")[2]
        read = cognito.describe_user_pool(identifier, place.region)
        found = yield from survey.ask(read, cognito.parse_user_pool)
        if isinstance(found, Refusal):
            return cannot_tell(f"what user pool {identifier} is", found)
        public = f"cognito-idp.{place.region}.amazonaws.com"
        remark = f"its public operations at {public} are behind the same web ACL"
        return Served(name=found.name, arn=found.arn, hosts=found.hosts, remarks=(remark,))
