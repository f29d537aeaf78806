"""All blocks of a region, and of CloudFront, as the account itself records them.

Network ACLs come with their tags and entries, pages at a time. IP sets are listed by pages as well; only those
that carry records are read one by one: sets whose names are opsctl's, and those that the Resource Groups Tagging
API knows to have a record's tag. It knows the rule groups of Network Firewall that have one as well, and the
distributions; those that refuse countries are listed with their restriction.
"""

from collections.abc import Iterable, Mapping, Sequence

from opsctl.block import wafv2
from opsctl.block.distribution_ledger import DistributionCarrier, read_distributions
from opsctl.block.inspection.firewall_calls import SERVICE, describe_group, name_of
from opsctl.block.inspection.rule_groups import drops_in
from opsctl.block.recording import Carrier, on_ip_set, on_network_acl, on_rule_group
from opsctl.block.records import LIST_PREFIX, PREFIX, BlockList, Ledger, parse_ledger, with_parts
from opsctl.block.set_ledgers import of_carrier, parse_list
from opsctl.block.topology.nacl import NetworkAcl, parse_network_acl
from opsctl.block.topology.packet import ANY
from opsctl.block.topology.survey import cannot_tell
from opsctl.block.topology.webacl import IpSet, parse_ip_set
from opsctl.block.waf_objects import IP_SET, WafKey, list_objects
from opsctl.model.fetching import Fetching, fetch, gather
from opsctl.model.networks import normal
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags
from opsctl.resources.owners import owner_of

_OWN = "opsctl-"


class SetCarrier(Value):
    """An IP set that carries blocks, with its records, and the lists that some of them are in."""

    ip_set: IpSet
    ledger: Ledger
    region: str
    lists: tuple[BlockList, ...] = ()

    @property
    def key(self) -> WafKey:
        """What names the set."""
        return WafKey.of_arn(IP_SET, self.ip_set.arn, self.region)

    @property
    def carrier(self) -> Carrier:
        """The set as what is tagged."""
        return on_ip_set(self.ip_set.name, self.ip_set.arn, self.key.scope, self.region)

    @property
    def slug(self) -> str:
        """A name that no other set has: the two scopes may have sets of the same name."""
        return f"{self.key.scope.lower()}-{self.ip_set.name}"

    @property
    def own(self) -> bool:
        """Whether opsctl made it, as far as its name says."""
        return self.ip_set.name.startswith(_OWN)


class AclCarrier(Value):
    """A network ACL, with its records."""

    acl: NetworkAcl
    ledger: Ledger

    @property
    def carrier(self) -> Carrier:
        """The network ACL as what is tagged."""
        return on_network_acl(self.acl.id)


class GroupCarrier(Value):
    """A rule group of Network Firewall with its records, and its rules that drop a network whole."""

    arn: str
    drops: dict[str, tuple[Json, ...]]
    ledger: Ledger
    owner: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.arn)

    @property
    def carrier(self) -> Carrier:
        """The rule group as what is tagged."""
        return on_rule_group(self.arn)


class AccountLedger(Value):
    """Everything that carries blocks, and what could not be read; `stray` are lists that belong to no set."""

    acls: tuple[AclCarrier, ...] = ()
    sets: tuple[SetCarrier, ...] = ()
    groups: tuple[GroupCarrier, ...] = ()
    distributions: tuple[DistributionCarrier, ...] = ()
    stray: tuple[BlockList, ...] = ()
    unknown: tuple[str, ...] = ()


def read_account(about: Context, *, countries: bool = True) -> Fetching[AccountLedger]:
    """Read all blocks of the run's region and of CloudFront, those of countries as well.

    CloudFront is in the partitions aws and aws-cn alone, and what AWS WAF and the tagging API have of it is in a
    region of the first (the endpoints of botocore): elsewhere there is nothing to read.
    """
    parts = [_network_acls(about), _sets("REGIONAL", about.region), _rule_groups(about)]
    if about.identity.partition == "aws":
        parts.append(_sets("CLOUDFRONT", wafv2.CLOUDFRONT_REGION))
    if countries and about.identity.partition in ("aws", "aws-cn"):
        parts.append(_distributions(tagged=about.identity.partition == "aws"))
    found = yield from gather(parts)
    return AccountLedger(
        acls=tuple(one for part in found for one in part.acls),
        sets=tuple(one for part in found for one in part.sets),
        groups=tuple(one for part in found for one in part.groups),
        distributions=tuple(one for part in found for one in part.distributions),
        stray=tuple(one for part in found for one in part.stray),
        unknown=tuple(dict.fromkeys(text for part in found for text in part.unknown)),
    )


def tagged_in(region: str) -> Read:
    """Read what of AWS WAF, Network Firewall and CloudFront has tags in a region, with the tags: 100 a page."""
    kinds = ["wafv2", "network-firewall", "cloudfront"]
    params: dict[str, Json] = {"ResourceTypeFilters": kinds, "ResourcesPerPage": 100}
    return Read(service="resourcegroupstaggingapi", operation="GetResources", params=params, region=region)


def _network_acls(about: Context) -> Fetching[AccountLedger]:
    answer = yield from fetch(Read(service="ec2", operation="DescribeNetworkAcls"))
    if answer.refusal is not None:
        return AccountLedger(unknown=(cannot_tell("what network ACLs block", answer.refusal),))
    acls = [parse_network_acl(raw) for raw in answer.value.get("NetworkAcls") or []]
    here = [one for one in acls if one.owner in ("", about.account)]
    return AccountLedger(acls=tuple(AclCarrier(acl=one, ledger=_ledger_of(one)) for one in here))


def _ledger_of(acl: NetworkAcl) -> Ledger:
    denies = {normal(one.cidr) for one in acl.inbound() if not one.allow and one.protocol == ANY}
    return with_parts(parse_ledger(acl.tags), denies)


def _rule_groups(about: Context) -> Fetching[AccountLedger]:
    """Read the rule groups that have a record; where nobody may list tags, that is said with the IP sets."""
    tagged = yield from fetch(tagged_in(about.region))
    arns = sorted(one for one in _with_records(tagged) if f":{SERVICE}:" in one)
    answers = (yield [describe_group(arn) for arn in arns]) if arns else []
    groups, unknown = [], []
    for arn, answer in zip(arns, answers, strict=True):
        if answer.refusal is None:
            tags = parse_tags(answer.value["RuleGroupResponse"])
            drops, owner = drops_in(answer.value), owner_of(tags)
            groups.append(GroupCarrier(arn=arn, drops=drops, ledger=parse_ledger(tags), owner=owner))
        elif answer.refusal.kind is not RefusalKind.MISSING:
            unknown.append(cannot_tell(f"what rule group {name_of(arn)} drops", answer.refusal))
    return AccountLedger(groups=tuple(groups), unknown=tuple(unknown))


def _distributions(*, tagged: bool) -> Fetching[AccountLedger]:
    """Read the distributions that refuse countries; where nobody may list tags, that is said with the IP sets."""
    recorded: set[str] = set()
    if tagged:
        recorded = _with_records((yield from fetch(tagged_in(wafv2.CLOUDFRONT_REGION))))
    found, unknown = yield from read_distributions(recorded)
    return AccountLedger(distributions=tuple(found), unknown=tuple(unknown))


def _sets(scope: str, region: str) -> Fetching[AccountLedger]:
    listed, tagged = yield [list_objects(IP_SET, scope, region), tagged_in(region)]
    where = "CloudFront" if scope == "CLOUDFRONT" else region
    if listed.refusal is not None:
        return AccountLedger(unknown=(cannot_tell(f"which IP sets of AWS WAF block for {where}", listed.refusal),))
    unknown = []
    if tagged.refusal is not None:
        unknown.append(cannot_tell(f"which IP sets of others opsctl used for {where}", tagged.refusal))
    recorded = _with_records(tagged)
    arns = [
        item["ARN"]
        for item in listed.value.get("IPSets") or []
        if item["Name"].startswith(_OWN) or item["ARN"] in recorded
    ]
    if not arns:
        return AccountLedger(unknown=tuple(unknown))
    answers = yield [read for arn in arns for read in (wafv2.get_ip_set(arn), wafv2.list_tags(arn))]
    return _parsed(arns, list(zip(answers[::2], answers[1::2], strict=True)), region, unknown)


def _with_records(tagged: Answer) -> set[str]:
    if tagged.refusal is not None:
        return set()
    found = tagged.value.get("ResourceTagMappingList") or []
    return {
        one["ResourceARN"]
        for one in found
        if any(str(tag["Key"]).startswith(PREFIX) for tag in one.get("Tags") or [])
    }


def _parsed(
    arns: Sequence[str], answers: Sequence[tuple[Answer, Answer]], region: str, unknown: Iterable[str]
) -> AccountLedger:
    sets: dict[str, tuple[IpSet, Mapping[str, str]]] = {}
    lists: list[BlockList] = []
    told = list(unknown)
    for arn, (got, tagged) in zip(arns, answers, strict=True):
        refusal = got.refusal or tagged.refusal
        if refusal is None and arn.split("/")[-2].startswith(LIST_PREFIX):
            lists.append(parse_list(got, tagged))
        elif refusal is None:
            sets[arn] = parse_ip_set(got.value["IPSet"]), wafv2.parse_tags(tagged.value)
        elif refusal.kind is not RefusalKind.MISSING:  # deleted in this moment: it blocks nobody
            told.append(cannot_tell(f"what IP set {arn.split('/')[-2]} blocks", refusal))
    carriers = [_carrier(one, tags, of_carrier(lists, one.name, arn), region) for arn, (one, tags) in sets.items()]
    known = {one.arn for carrier in carriers for one in carrier.lists}
    return AccountLedger(
        sets=tuple(carriers), stray=tuple(one for one in lists if one.arn not in known), unknown=tuple(told)
    )


def _carrier(one: IpSet, tags: Mapping[str, str], lists: Sequence[BlockList], region: str) -> SetCarrier:
    return SetCarrier(
        ip_set=one, ledger=parse_ledger(tags, lists, one.addresses), region=region, lists=tuple(lists)
    )
