"""A big account in memory: what AWS would answer about many load balancers, distributions and network ACLs.

Answers are paged as AWS pages them, and every call costs a fixed time, so that two ways of reading the same
account can be compared.
"""

import time
from typing import Any

REGION, ACCOUNT = "us-east-1", "123456789012"
PAGES = {
    "DescribeLoadBalancers": ("LoadBalancers", 400),
    "DescribeTargetGroups": ("TargetGroups", 400),
    "ListDistributions": ("DistributionList", 100),
    "DescribeNetworkAcls": ("NetworkAcls", 1000),
    "DescribeNetworkInterfaces": ("NetworkInterfaces", 1000),
}


class BigAccount:
    """Answers reads about the account; counts calls and waits `delay_s` for each."""

    def __init__(self, *, balancers: int, distributions: int, acls: int, delay_s: float) -> None:
        self.delay_s = delay_s
        self.calls = 0
        self._balancers = [_balancer(n, acls) for n in range(balancers)]
        self._distributions = [_distribution(n, self._balancers[n % balancers]) for n in range(distributions)]
        self._acls = [_acl(n) for n in range(acls)]
        self._groups = [_group(n, one) for n, one in enumerate(self._balancers)]

    def page(self, service: str, operation: str, params: dict[str, Any], start: int = 0) -> tuple[Any, int | None]:
        """Return one page of an answer and where the next begins; costs one call."""
        self.calls += 1
        time.sleep(self.delay_s)
        whole = self._whole(service, operation, params)
        member, size = PAGES.get(operation, ("", 0))
        if not member:
            return whole, None
        items = whole[member]["Items"] if member == "DistributionList" else whole.get(member, [])
        end = start + size
        part = items[start:end]
        answer = {member: {"Items": part} if member == "DistributionList" else part}
        return answer, end if end < len(items) else None

    def all_pages(self, service: str, operation: str, params: dict[str, Any]) -> Any:
        """Return an answer with its pages merged; costs one call a page."""
        answer, following = self.page(service, operation, params)
        while following is not None:
            more, following = self.page(service, operation, params, following)
            _merge(answer, more)
        return answer

    def _whole(self, service: str, operation: str, params: dict[str, Any]) -> Any:
        handler = getattr(self, f"_{service}_{operation}", None)
        return handler(params) if handler else {}

    def _elbv2_DescribeLoadBalancers(self, params: dict[str, Any]) -> Any:  # noqa: N802 - the API's own name
        wanted = params.get("LoadBalancerArns")
        return {
            "LoadBalancers": [one for one in self._balancers if not wanted or one["LoadBalancerArn"] in wanted]
        }

    def _elbv2_DescribeTargetGroups(self, params: dict[str, Any]) -> Any:  # noqa: N802
        wanted = params.get("LoadBalancerArn")
        return {"TargetGroups": [one for one in self._groups if not wanted or wanted in one["LoadBalancerArns"]]}

    def _elbv2_DescribeListeners(self, params: dict[str, Any]) -> Any:  # noqa: N802
        arn = params["LoadBalancerArn"]
        number = int(arn.rpartition("/")[2], 16)
        forward = {"Type": "forward", "TargetGroupArn": self._groups[number]["TargetGroupArn"]}
        listener = {"ListenerArn": f"{arn}/l", "LoadBalancerArn": arn, "Protocol": "HTTPS", "Port": 443}
        return {"Listeners": [listener | {"DefaultActions": [forward]}]}

    def _elbv2_DescribeTargetHealth(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {"TargetHealthDescriptions": []}

    def _elbv2_DescribeTargetGroupAttributes(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {"Attributes": []}

    def _elbv2_DescribeTags(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {"TagDescriptions": []}

    def _elb_DescribeLoadBalancers(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {"LoadBalancerDescriptions": []}

    def _cloudfront_ListDistributions(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {"DistributionList": {"Items": self._distributions}}

    def _cloudfront_GetDistributionConfig(self, params: dict[str, Any]) -> Any:  # noqa: N802
        (found,) = [one for one in self._distributions if one["Id"] == params["Id"]]
        return {"DistributionConfig": found, "ETag": "E1"}

    def _cloudfront_ListVpcOrigins(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {"VpcOriginList": {"Items": []}}

    def _route53_ListHostedZones(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        zone = {"Id": "/hostedzone/Z1", "Name": "example.com.", "Config": {"PrivateZone": False}}
        return {"HostedZones": [zone | {"ResourceRecordSetCount": 3}]}

    def _route53_ListResourceRecordSets(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": f"{self._distributions[0]['DomainName']}."}
        record = {
            "Name": "shop.example.com.",
            "Type": "A",
            "AliasTarget": target | {"EvaluateTargetHealth": False},
        }
        return {"ResourceRecordSets": [record]}

    def _ec2_DescribeNetworkAcls(self, params: dict[str, Any]) -> Any:  # noqa: N802
        wanted = _filter(params, "association.subnet-id")
        ids = params.get("NetworkAclIds")
        return {
            "NetworkAcls": [
                one
                for one in self._acls
                if (not wanted or one["Associations"][0]["SubnetId"] in wanted)
                and (not ids or one["NetworkAclId"] in ids)
            ]
        }

    def _ec2_DescribeSubnets(self, params: dict[str, Any]) -> Any:  # noqa: N802
        wanted = (
            _filter(params, "subnet-id")
            or params.get("SubnetIds")
            or [f"subnet-{n}" for n in range(len(self._acls))]
        )
        return {"Subnets": [_subnet(name) for name in wanted]}

    def _ec2_DescribeSecurityGroupRules(self, params: dict[str, Any]) -> Any:  # noqa: N802
        groups = _filter(params, "group-id") or ["sg-1"]
        rule = {"IsEgress": False, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "0.0.0.0/0"}
        return {
            "SecurityGroupRules": [rule | {"GroupId": one, "SecurityGroupRuleId": f"sgr-{one}"} for one in groups]
        }

    def _wafv2_GetWebACLForResource(self, _params: dict[str, Any]) -> Any:  # noqa: N802
        return {}


def _filter(params: dict[str, Any], name: str) -> list[str]:
    return [value for one in params.get("Filters", []) if one["Name"] == name for value in one["Values"]]


def _merge(answer: Any, more: Any) -> None:
    for name, value in more.items():
        if isinstance(value, list):
            answer[name] += value
        else:
            answer[name]["Items"] += value["Items"]


def _balancer(number: int, acls: int) -> dict[str, Any]:
    name = f"lb-{number}"
    prefix = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app"
    return {
        "LoadBalancerArn": f"{prefix}/{name}/{number:016x}",
        "LoadBalancerName": name,
        "DNSName": f"{name}-{number}.{REGION}.elb.amazonaws.com",
        "CanonicalHostedZoneId": "Z35SXDOTRQ7X7K",
        "Scheme": "internet-facing",
        "Type": "application",
        "IpAddressType": "ipv4",
        "VpcId": "vpc-1",
        "State": {"Code": "active"},
        "SecurityGroups": ["sg-1"],
        "AvailabilityZones": [
            {"ZoneName": "us-east-1a", "SubnetId": f"subnet-{number % acls}"},
            {"ZoneName": "us-east-1b", "SubnetId": f"subnet-{(number + 1) % acls}"},
        ],
    }


def _group(number: int, balancer: dict[str, Any]) -> dict[str, Any]:
    return {
        "TargetGroupArn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/tg-{number}/{number:016x}",
        "TargetGroupName": f"tg-{number}",
        "Protocol": "HTTP",
        "Port": 80,
        "VpcId": "vpc-1",
        "TargetType": "instance",
        "LoadBalancerArns": [balancer["LoadBalancerArn"]],
    }


def _distribution(number: int, balancer: dict[str, Any]) -> dict[str, Any]:
    origin = {
        "Id": "o",
        "DomainName": balancer["DNSName"],
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
    }
    return {
        "Id": f"E{number:013d}",
        "ARN": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E{number:013d}",
        "Status": "Deployed",
        "DomainName": f"d{number:013d}.cloudfront.net",
        "Aliases": {"Quantity": 1, "Items": [f"site-{number}.example.com"]},
        "Origins": {"Quantity": 1, "Items": [origin]},
        "WebACLId": "",
        "Enabled": True,
        "Comment": "",
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
    }


def _acl(number: int) -> dict[str, Any]:
    rule = {"RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow", "Egress": False, "CidrBlock": "0.0.0.0/0"}
    return {
        "NetworkAclId": f"acl-{number}",
        "VpcId": "vpc-1",
        "IsDefault": False,
        "OwnerId": ACCOUNT,
        "Entries": [rule, rule | {"Egress": True}],
        "Associations": [{"SubnetId": f"subnet-{number}", "NetworkAclId": f"acl-{number}"}],
        "Tags": [],
    }


def _subnet(name: str) -> dict[str, Any]:
    number = int(name.rpartition("-")[2])
    return {
        "SubnetId": name,
        "VpcId": "vpc-1",
        "CidrBlock": f"10.{number // 256}.{number % 256}.0/24",
        "AvailabilityZone": "us-east-1a",
        "OwnerId": ACCOUNT,
        "Tags": [],
        "Ipv6CidrBlockAssociationSet": [],
    }
