"""A storefront that lives of its caches: each kind of ElastiCache, a stage with a cache, and a machine among them.

Of twenty questions nineteen are answered by a cache, so that the origin gets twenty times its load when it is
empty. The sessions ask for a password, which is a secret; the groups of the caches let in the machine
`cache-admin` alone.
"""

import json
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.worlds.agents import make_agent_profile
from opsctl.sandbox.worlds.network import IMAGE

Clients = Callable[[str], Any]

ADMIN = "cache-admin"
SECRET = "storefront/sessions"  # noqa: S105
_PASSWORD = "Jf3k0zQm7Wv1Xp9Rt5Ls"  # noqa: S105
_PROFILE = "cache-admin"
_KEYS = 19


def make_storefront(clients: Clients) -> None:
    """Make the machine, the caches and what they hold; its network is that of the other workloads."""
    ec2 = clients("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["apps-a", "apps-b"]}])["Subnets"]
    admin, inside = _groups(ec2, subnets[0]["VpcId"])
    clients("secretsmanager").create_secret(Name=SECRET, SecretString=_PASSWORD)
    machine = _machine(clients, ec2, subnets[0]["SubnetId"], admin)
    cache = clients("elasticache")
    cache.create_cache_subnet_group(
        CacheSubnetGroupName="storefront",
        CacheSubnetGroupDescription="private subnets",
        SubnetIds=[one["SubnetId"] for one in subnets],
    )
    place = {"CacheSubnetGroupName": "storefront", "SecurityGroupIds": [inside]}
    node = {"CacheNodeType": "cache.t4g.small"}
    sessions = cache.create_replication_group(
        ReplicationGroupId="sessions",
        ReplicationGroupDescription="who is logged in",
        Engine="valkey",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        TransitEncryptionEnabled=True,
        AuthToken=_PASSWORD,
        **node,
        **place,
    )["ReplicationGroup"]
    products = cache.create_replication_group(
        ReplicationGroupId="products",
        ReplicationGroupDescription="what is sold",
        Engine="valkey",
        ClusterMode="enabled",
        NumNodeGroups=3,
        ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=True,
        **node,
        **place,
    )["ReplicationGroup"]
    cache.create_cache_cluster(CacheClusterId="pages", Engine="memcached", NumCacheNodes=2, **node, **place)
    serverless = cache.create_serverless_cache(
        ServerlessCacheName="baskets",
        Engine="valkey",
        SecurityGroupIds=[inside],
        SubnetIds=[one["SubnetId"] for one in subnets],
    )["ServerlessCache"]
    _dax(clients)
    _stage(clients)
    _fill(clients, machine, sessions, products, serverless)


def _groups(ec2: Any, vpc: str) -> tuple[str, str]:
    """The group of the machine, and one of the caches that lets nobody else in."""
    admin, inside = (
        str(ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"])
        for name in ("cache-admin", "storefront-caches")
    )
    for first, last in ((6379, 6380), (11_211, 11_211)):
        rule = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "UserIdGroupPairs": [{"GroupId": admin}]}
        ec2.authorize_security_group_ingress(GroupId=inside, IpPermissions=[rule])
    return admin, inside


def _machine(clients: Clients, ec2: Any, subnet: str, group: str) -> str:
    iam = clients("iam")
    make_agent_profile(iam, _PROFILE)
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=_PROFILE, PolicyName="secrets", PolicyDocument=policy)
    made = ec2.run_instances(
        ImageId=IMAGE,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=[group],
        IamInstanceProfile={"Name": _PROFILE},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": ADMIN}]}],
    )
    id_: str = made["Instances"][0]["InstanceId"]
    return id_


def _dax(clients: Clients) -> None:
    role = f"arn:aws:iam::{clients('sts').get_caller_identity()['Account']}:role/{_PROFILE}"
    clients("dax").create_cluster(
        ClusterName="prices", NodeType="dax.t3.small", ReplicationFactor=2, IamRoleArn=role
    )


def _stage(clients: Clients) -> None:
    gateway = clients("apigateway")
    api = gateway.create_rest_api(name="storefront")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = gateway.create_deployment(restApiId=api)["id"]
    for stage, cached in (("prod", True), ("test", False)):
        gateway.create_stage(restApiId=api, stageName=stage, deploymentId=deployment, cacheClusterEnabled=cached)


def _fill(clients: Clients, machine: str, sessions: Any, products: Any, serverless: Any) -> None:
    """Have the machine write what the caches hold and ask for it, as programs do."""
    keys = " ".join(str(one) for one in range(_KEYS))
    read = f"aws secretsmanager get-secret-value --secret-id {SECRET} --query SecretString --output text"
    primary = sessions["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    asked = {
        f"valkey-cli -c -h {products['ConfigurationEndpoint']['Address']}": "product",
        f"valkey-cli -c -h {serverless['Endpoint']['Address']} --tls": "basket",
        f"valkey-cli -h {primary} --tls": "session",
    }
    lines = ["dnf install -y valkey nmap-ncat >/dev/null"]
    for cli, name in asked.items():
        lines += [f"token=$({read})", 'export REDISCLI_AUTH="$token"'] if name == "session" else []
        body = f"{cli} SET {name}:$n x >/dev/null; {cli} GET {name}:$n >/dev/null"
        lines.append(f"for n in {keys}; do {body}; done; {cli} GET {name}:none >/dev/null")
    nodes = clients("elasticache").describe_cache_clusters(CacheClusterId="pages", ShowCacheNodeInfo=True)
    for one in nodes["CacheClusters"][0]["CacheNodes"]:
        end = one["Endpoint"]
        body = f'echo "set page-$n 0 0 x" | nc {end["Address"]} {end["Port"]} >/dev/null'
        lines.append(f"for n in {keys}; do {body}; done")
    clients("ssm").send_command(
        InstanceIds=[machine], DocumentName="AWS-RunShellScript", Parameters={"commands": lines}
    )
