"""The images of an account on moto."""

from moto.ec2.models import ec2_backends

from opsctl.sandbox.worlds.network import IMAGE


def forget_other_images(account: str) -> None:
    """Take away the snapshots of the images that moto begins with: hundreds, which make every look slow."""
    backend = ec2_backends[account]["us-east-1"]
    (image,) = backend.describe_images(ami_ids=[IMAGE])
    for other in backend.snapshots.keys() - {image.ebs_snapshot.id}:
        del backend.snapshots[other]
