"""Reads the objects that came during a cutover, as its run listed them, and whether their destination is there."""

import json
from typing import ClassVar

from pydantic import Field, ValidationError

from opsctl.events.arns import bucket_arn
from opsctl.events.s3_destinations import read_destinations
from opsctl.events.s3_told_again import CameBetween, ToldAs
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value


class ObjectsBetween(Value):
    """What is to be told of again, how and to whom; `missing` says why nobody can be told."""

    bucket: str
    told: ToldAs
    objects: tuple[CameBetween, ...]
    destination: str
    queue_url: str = ""
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class S3CameBetween(Fact):
    """Take what the run of a cutover listed, all of it or some keys, and look at the destination."""

    name: ClassVar[str] = "s3.came_between"
    Result: ClassVar[type[Value]] = ObjectsBetween

    bucket: str = Field(description="Name of the bucket.")
    listed: str = Field(description="What the run listed, in JSON: objects, destination and record_event.")
    keys: tuple[str, ...] = Field((), description="Keys that are to be told of; none: all that were listed.")

    def read(self, about: Context) -> Fetching[Value]:
        """Look at the destination."""
        told, objects, destination = self._listed(about)
        own = bucket_arn(self.bucket, about.identity.partition)
        place = (yield from read_destinations([destination], own, about.account))[destination]
        return ObjectsBetween(
            bucket=self.bucket,
            told=told,
            objects=objects,
            destination=destination,
            queue_url=place.url,
            missing=(f"{destination} does not exist",) if place.exists is False else (),
            unknown=(place.unknown,) if place.exists is None else (),
        )

    def _listed(self, about: Context) -> tuple[ToldAs, tuple[CameBetween, ...], str]:
        try:
            told: Json = json.loads(self.listed)
            objects = tuple(CameBetween.model_validate(one) for one in told["objects"])
            destination, event = str(told["destination"]), str(told.get("record_event", ""))
        except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
            raise InvalidInput.one("this is no list of a cutover", source="listed") from None
        missing = sorted(set(self.keys) - {one.key for one in objects})
        if missing:
            raise InvalidInput.one(f"the run did not list {', '.join(missing[:3])}", source="keys")
        wanted = tuple(one for one in objects if not self.keys or one.key in self.keys)
        form = ToldAs(
            bucket=self.bucket,
            account=about.account,
            region=about.region,
            partition=about.identity.partition,
            record_event=event,
        )
        return form, wanted, destination
