"""A name or an address that nothing in this account answers."""

from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching

_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".elasticbeanstalk.com")
_FOLLOWED = {
    ".elb.": "load balancer",
    ".execute-api.": "API",
    ".appsync-api.": "AppSync API",
    ".amazoncognito.com": "Cognito user pool",
    ".awsapprunner.com": "App Runner service",
    ".amplifyapp.com": "Amplify app",
    ".verified-access.": "Verified Access endpoint",
}
"""What the account may have under a name, by what is in it."""


UNTOLD = "why nobody can tell what answers "
"""With a name behind it, what was learnt of one that may well be the account's own."""


class Outside(NodeKind):
    """What a name of the account leads to elsewhere: a third-party CDN, or another account."""

    kind = "outside"
    title = "somewhere outside this account"

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Say what could not be read of it, or from the name alone what it probably is."""
        yield from ()
        return Node(
            place=place,
            title=f"{place.id} (outside this account)",
            name=place.id,
            resource=place.id,
            answers_to=frozenset({place.id}),
            blind=survey.learnt(f"{UNTOLD}{place.id}", str) or _what_it_is(place.id),
        )


def _what_it_is(name: str) -> str:
    if name.endswith(".cloudfront.net"):
        return (
            f"{name} is not a distribution of this account, and no custom domain or distribution tenant of it was "
            "found there: it belongs to another account, or to an Amplify app: give its amplifyapp.com name"
        )
    if name.endswith(".awsglobalaccelerator.com"):
        return (
            f"no Global Accelerator of this account has the name {name}: it belongs to another account, or is a "
            "custom routing accelerator, behind which only the instances themselves can tell clients apart"
        )
    if what := next((title for part, title in _FOLLOWED.items() if part in name), ""):
        return f"no {what} of this account in that region is called {name}: it belongs to another account"
    if name.endswith(_AWS):
        return f"{name} is an AWS service that opsctl does not follow: give what is behind it as the target"
    return (
        f"{name} is outside this account (a third-party CDN or another provider): only there is the "
        "client visible, so block there"
    )
