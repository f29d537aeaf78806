"""`s3-events restore --run last`: the newest run that looked at the bucket, whatever ran since."""

from pathlib import Path

from opsctl.sandbox.worlds.uploads import BUCKET
from tests.kit.command import opsctl
from tests.kit.moto_account import client, fresh_world
from tests.kit.uploads import configuration, make_bucket, put


def test_last_is_the_newest_run_that_looked_at_this_bucket(tmp_path: Path) -> None:
    with fresh_world(make_bucket) as world:
        before = configuration()
        lost = {**before, "QueueConfigurations": []}
        queue = f"arn:aws:sqs:us-east-1:{world.account}:thumbnail-requests"
        for bucket in (BUCKET, "shop-avatars"):
            add = ("s3-events", "add", bucket, "--to", queue, "--prefix", "img/", "--skip-validation", "--yes")
            assert opsctl(tmp_path, *add).returncode == 0
        put(lost)
        done = opsctl(tmp_path, "s3-events", "restore", BUCKET, "--run", "last", "--skip-validation", "--yes")
        assert (done.returncode, configuration()["QueueConfigurations"]) == (0, before["QueueConfigurations"])
        client("s3").create_bucket(Bucket="nobody-looked")
        done = opsctl(tmp_path, "s3-events", "restore", "nobody-looked", "--run", "last")
        assert done.returncode == 2
        assert "no run in account" in done.stderr
