"""What a refusal about a bucket may mean: names of buckets are everybody's, so 403 may be somebody else's bucket.

Sources: HeadBucket in the S3 API (403 without the permission, 404 where there is no such bucket);
ExpectedBucketOwner (403 where another account owns it).
"""

from opsctl.model.errors import FactUnknown
from opsctl.model.reads import Refusal, RefusalKind


def bucket_unknown(bucket: str, refusal: Refusal) -> FactUnknown:
    """Say what could not be read, and both reasons where access was denied."""
    if refusal.kind is not RefusalKind.DENIED:
        return FactUnknown(refusal)
    return FactUnknown(
        refusal,
        f"look at the spelling: bucket {bucket} is of another account, or these credentials may not look at it",
    )
