"""What tags may be, and who knows of them, where moto is laxer.

Sources: the API model of WAFV2 (TagKey, TagValue, errors of TagResource), its API reference ("up to 50 tags
for a resource"), the API model of EC2 (Tag: keys of 127 characters, values of 256), the API model of CloudFront
(TagKey, TagValue) with its developer guide ("Tagging a distribution": 50 tags), and the Resource Groups Tagging
API, whose GetResources finds resources of all types (its API reference, supported services).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from opsctl.sandbox.rules.cloudfront import fault as cloudfront_fault
from opsctl.sandbox.rules.wafv2 import fault

_AT_MOST = 50
_WAF_KEY, _EC2_KEY, _VALUE = 128, 127, 256
_PERMITTED = re.compile(r"[\w\s.:/=+\-@]*")


def install() -> None:
    """Put the rules around moto's."""
    from moto.cloudfront.models import CloudFrontBackend
    from moto.ec2.models.tags import TagBackend
    from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend as Tagging
    from moto.wafv2.models import WAFV2Backend

    WAFV2Backend.tag_resource = _checked_waf(WAFV2Backend.tag_resource)
    CloudFrontBackend.tag_resource = _checked_cloudfront(CloudFrontBackend.tag_resource)
    TagBackend.create_tags = _checked_ec2(TagBackend.create_tags)
    Tagging._get_resources_generator = _with_waf(Tagging._get_resources_generator)


def _checked_waf(method: Callable[..., Any]) -> Callable[..., Any]:
    def tagged(self: Any, arn: str, tags: list[dict[str, str]]) -> Any:
        if arn not in self.ip_sets and arn not in self.wacls:
            raise fault("WAFNonexistentItemException", "AWS WAF couldn't find the resource.")
        for tag in tags:
            key, value = tag["Key"], tag["Value"]
            permitted = _PERMITTED.fullmatch(key) and _PERMITTED.fullmatch(value)
            if not permitted or not 0 < len(key) <= _WAF_KEY or len(value) > _VALUE:
                raise fault("WAFInvalidParameterException", f"the tag {key} is not valid")
        there = {one["Key"] for one in self.list_tags_for_resource(arn, limit=100)[0]}
        if len(there | {tag["Key"] for tag in tags}) > _AT_MOST:
            raise fault("WAFLimitsExceededException", f"a resource may have {_AT_MOST} tags")
        return method(self, arn, tags)

    return tagged


def _checked_cloudfront(method: Callable[..., Any]) -> Callable[..., Any]:
    def tagged(self: Any, arn: str, tags: Mapping[str, str]) -> Any:
        if arn not in {one.arn for one in self.distributions.values()}:
            raise cloudfront_fault("NoSuchResource", "A resource that was specified is not valid.")
        for key, value in tags.items():
            permitted = _PERMITTED.fullmatch(key) and _PERMITTED.fullmatch(value or "")
            if not permitted or not 0 < len(key) <= _WAF_KEY or len(value or "") > _VALUE:
                raise cloudfront_fault("InvalidTagging", "The tagging specified is not valid.")
        if len(self.tagger.get_tag_dict_for_resource(arn).keys() | tags.keys()) > _AT_MOST:
            raise cloudfront_fault("InvalidTagging", f"A resource may have {_AT_MOST} tags.")
        return method(self, arn, tags)

    return tagged


def _checked_ec2(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any, resource_ids: list[str], tags: Mapping[str, str]) -> Any:
        from moto.ec2.exceptions import EC2ClientError

        for key, value in tags.items():
            if not 0 < len(key) <= _EC2_KEY or len(value or "") > _VALUE:
                raise EC2ClientError("InvalidParameterValue", f"Tag {key[:20]} is longer than a tag may be")
        return method(self, resource_ids, tags)

    return created


def _distributions(backend: Any, tag_filters: Any) -> Iterator[Any]:
    """CloudFront is in no region: it is found in us-east-1."""
    from moto.cloudfront.models import cloudfront_backends
    from moto.core.resource_tagging import TaggedResource, make_tag_matcher

    if backend.region_name != "us-east-1":
        return
    matches = make_tag_matcher(tag_filters)
    cloudfront = cloudfront_backends[backend.account_id]["aws"]
    for one in cloudfront.distributions.values():
        tags = cloudfront.tagger.get_tag_dict_for_resource(one.arn)
        if tags and matches(tags):
            yield TaggedResource(arn=one.arn, tags=tags, resource_type="cloudfront:distribution")


def _with_waf(method: Callable[..., Any]) -> Callable[..., Any]:
    """Have AWS WAF's and CloudFront's resources found; scope CLOUDFRONT in us-east-1, as everything of it."""

    def found(self: Any, tag_filters: Any = None, resource_type_filters: Any = None, **more: Any) -> Any:
        yield from method(self, tag_filters, resource_type_filters, **more)
        if not resource_type_filters or "wafv2" in resource_type_filters:
            yield from _waf_resources(self, tag_filters)
        if not resource_type_filters or "cloudfront" in resource_type_filters:
            yield from _distributions(self, tag_filters)

    return found


def _waf_resources(backend: Any, tag_filters: Any) -> Iterator[Any]:
    from moto.core.resource_tagging import TaggedResource, make_tag_matcher
    from moto.wafv2.models import wafv2_backends

    matches = make_tag_matcher(tag_filters)
    places = [backend.region_name, *(["aws"] if backend.region_name == "us-east-1" else [])]
    for place in places:
        waf = wafv2_backends[backend.account_id][place]
        for arn in (*waf.ip_sets, *waf.wacls):
            tags = {one["Key"]: one["Value"] for one in waf.list_tags_for_resource(arn, limit=100)[0]}
            if tags and matches(tags):
                yield TaggedResource(arn=arn, tags=tags, resource_type="wafv2:resource")
