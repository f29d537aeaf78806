"""User data runs again on every replacement: what it formats has to be accepted, with the device named."""

import base64
import gzip
import time
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from opsctl.ha.result import HaPreflightResult
from opsctl.model.value import Json
from tests.kit.canned import denied
from tests.kit.lone_instance import INSTANCE, ids, look

READ = "ec2.DescribeInstanceAttribute userData"
ROOT, DATA = INSTANCE["BlockDeviceMappings"]


def with_data(text: str | bytes, *devices: str, **asked: Json) -> HaPreflightResult:
    """Look at an instance with such user data and data volumes."""
    raw = text.encode() if isinstance(text, str) else text
    mappings = [ROOT, *({"DeviceName": each, "Ebs": {"VolumeId": f"vol-0{n}"}} for n, each in enumerate(devices))]
    told = [{"VolumeId": f"vol-0{n}", "Size": 10} for n in range(len(devices))] + [{"VolumeId": "vol-root"}]
    answers = {
        READ: {"UserData": {"Value": base64.b64encode(raw).decode()}},
        "ec2.DescribeVolumes": {"Volumes": told},
    }
    changes = {"BlockDeviceMappings": mappings if devices else [ROOT, DATA]}
    if not devices:
        del answers["ec2.DescribeVolumes"]
    return look(changes, answers, **asked)


def told(text: str | bytes, *devices: str) -> str:
    """What has to be accepted of it; nothing where it is harmless."""
    found = with_data(text, *devices)
    return next((one.what.removeprefix("user data may format ") for one in found.verdicts
                 if one.id == "user-data-formats"), "")  # fmt: skip


SHELL = "#!/bin/sh\n"


@pytest.mark.parametrize(
    "line",
    [
        "mkfs.xfs -f /dev/sdf",
        "mkfs -t ext4 /dev/xvdf",
        "/sbin/mke2fs -j /dev/sdf1",
        "sudo mkswap /dev/sdf",
        "blkid /dev/sdf || mkfs.ext4 /dev/sdf",
        "if [ -z \"$(blkid /dev/sdf)\" ]; then mkfs.ext4 /dev/sdf; fi",
        "DEV=/dev/xvdf; mkfs.ext4 $DEV",
        "export DEV=/dev/sdf\nmkfs.ext4 -L data \"${DEV}\"",
        "mkfs.ext4 ${DEV:-/dev/sdf}",
        "for d in /dev/sdb /dev/sdf; do mkfs.ext4 $d; done",
        "mkfs.ext4 \\\n  -L data \\\n  /dev/sdf",
        "parted -s /dev/sdf mklabel gpt mkpart primary 0% 100%",
        "parted /dev/sdf <<EOF\nmklabel gpt\nEOF",
        "echo ',,L' | sfdisk /dev/sdf",
        "echo -e 'n\\np\\n1\\n\\n\\nw' | fdisk /dev/xvdf",
        "sgdisk -Z /dev/sdf",
        "wipefs -a /dev/sdf",
        "wipefs --all --force /dev/sdf",
        "pvcreate /dev/sdf",
        "vgcreate data /dev/sdf",
        "mdadm --create /dev/md0 --level=0 --raid-devices=1 /dev/sdf",
        "dd if=/dev/zero of=/dev/sdf bs=1M count=10",
        "cat image > /dev/sdf",
        "cat image | tee /dev/sdf",
        "blkdiscard /dev/sdf",
        "cryptsetup luksFormat /dev/sdf key",
        "zpool create tank sdf",
        "btrfs device add -f /dev/sdf /srv",
        "mkfs.btrfs /dev/sdf",
        "mkfs.ext4 /dev/nvme1n1",
        "mkfs.ext4 /dev/nvme1n1p1",
        "python3 -c 'import subprocess; subprocess.run([\"mkfs.ext4\", \"/dev/sdf\"])'",
        "mkfs.ext4 /dev/xvdj",
    ],
)  # fmt: skip
def test_a_command_that_formats_a_data_volume_is_named_with_the_device(line: str) -> None:
    assert told(SHELL + line).startswith("/dev/sdf ("), line


@pytest.mark.parametrize(
    "line",
    [
        "# mkfs.ext4 /dev/sdf",
        "mount /dev/sdf /srv  # mkfs.ext4 was run by hand",
        "while [ ! -b /dev/sdf ]; do sleep 1; done",
        "apt-get install -y mdadm parted lvm2 btrfs-progs xfsprogs",
        "which mkfs.ext4",
        "command -v mkfs.xfs",
        "growpart /dev/sdf 1 && resize2fs /dev/sdf1",
        "xfs_growfs /srv",
        "fdisk -l /dev/sdf",
        "parted /dev/sdf print",
        "sfdisk -d /dev/sdf > table",
        "sgdisk -p /dev/sdf",
        "wipefs /dev/sdf",
        "mdadm --assemble --scan",
        "zpool import tank",
        "btrfs filesystem resize max /srv",
        "dd if=/dev/sdf of=/tmp/head count=1",
        "dd if=/dev/zero of=/swapfile bs=1M count=512",
        "mkswap /swapfile",
        "mkfs.ext4 /dev/sdb",
        "mkfs.ext4 /dev/loop0",
        "mkfs.ext4 /dev/disk/by-id/nvme-Amazon_EC2_NVMe_Instance_Storage_AWS1",
        "mkfs.ext4 /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0ffff",
        "echo done > /dev/null",
    ],
)
def test_what_makes_nothing_on_a_data_volume_needs_no_acceptance(line: str) -> None:
    assert told(SHELL + line) == ""


@pytest.mark.parametrize(
    "text",
    [
        SHELL + "mkfs.ext4 $(lsblk -dpno NAME | tail -1)",
        SHELL + "mkfs.ext4 $1",
        SHELL + "mkfs.ext4 /dev/disk/by-label/data",
        SHELL + "mkfs.ext4 /dev/md0",
        SHELL + "vgcreate data $DISKS",
        "#cloud-config\nruncmd:\n  - - mkfs.ext4\n    - $DEVICE\n",
        "#cloud-config\nfs_setup:\n  - device: data\n    filesystem: ext4\n",
        "<powershell>\nGet-Disk | Where PartitionStyle -eq raw | Initialize-Disk -PassThru\n</powershell>",
        "<powershell>\nGet-Volume E | Format-Volume -FileSystem NTFS\n</powershell>",
        "<script>\ndiskpart /s c:\\disks.txt\n</script>",
        "<powershell>clear-disk -Number 1 -RemoveData</powershell>",
        "<script>\nformat d: /q /y\n</script>",
        "version: 1.0\ntasks:\n- task: initializeVolume\n  inputs:\n    initialize: all\n",
        "#include\nhttps://example.com/setup.sh\n",
        "#include-once https://example.com/setup.sh\n",
    ],
)
def test_a_device_that_cannot_be_told_has_to_be_accepted_too(text: str) -> None:
    assert told(text).startswith("a device that is not known (")


@pytest.mark.parametrize(
    "text",
    [
        "#cloud-config\nfs_setup:\n- label: data\n  device: /dev/sdf\n  filesystem: ext4\n  overwrite: true\n",
        "#cloud-config\ndisk_setup:\n  /dev/xvdf:\n    table_type: gpt\n    layout: true\n    overwrite: false\n",
        "#cloud-config\ndisk_setup: {/dev/sdf: {table_type: gpt, layout: true}}\n",
        "#cloud-config\ndevice_aliases:\n  data: /dev/sdf\nfs_setup:\n  - device: data\n    filesystem: xfs\n",
        "#cloud-config\nbootcmd:\n  - [mkfs.xfs, -f, /dev/sdf]\n",
        "#cloud-config\nruncmd:\n  - mkfs -t ext4 '/dev/sdf'\n",
        "## template: jinja\n#cloud-config\nruncmd:\n  - mkfs -t {{ fs }} /dev/sdf\n",
        '{"ignition": {"version": "3.3.0"}, "storage": {"filesystems": [{"device": "/dev/sdf"}]}}',
    ],
)
def test_what_cloud_config_and_ignition_set_up_is_named_with_the_device(text: str) -> None:
    assert told(text).startswith("/dev/sdf (")


@pytest.mark.parametrize(
    "text",
    [
        "#cloud-config\ngrowpart: {mode: auto, devices: ['/']}\nresize_rootfs: true\n",
        "#cloud-config\npackages:\n  - parted\n  - mdadm\n  - xfsprogs\n",
        "#cloud-config\nfs_setup: []\ndisk_setup: {}\nmounts:\n  - [/dev/sdf, /srv]\n",
        "#cloud-config\nfs_setup:\n  - device: ephemeral0\n    filesystem: ext4\nmounts:\n  - [/dev/sdf, /srv]\n",
    ],
)
def test_growing_and_mounting_and_instance_stores_need_no_acceptance(text: str) -> None:
    assert told(text) == ""


SCRIPT = SHELL + "mkfs.ext4 /dev/sdf\n"


def mime(*texts: str) -> bytes:
    message = MIMEMultipart()
    for text in texts:
        message.attach(MIMEText(text, "x-shellscript", "utf-8"))
    return message.as_bytes()


@pytest.mark.parametrize(
    ("packed", "where"),
    [
        (gzip.compress(SCRIPT.encode()), "line 2"),
        (base64.b64encode(SCRIPT.encode()), "line 2"),
        (base64.b64encode(gzip.compress(SCRIPT.encode())), "line 2"),
        (mime(SHELL, SCRIPT), "part 2, line 2"),
        (gzip.compress(mime(SHELL, SCRIPT)), "part 2, line 2"),
        (mime(SHELL, base64.b64encode(gzip.compress(SCRIPT.encode())).decode()), "part 2, line 2"),
        (SHELL.encode() + b"echo " + base64.b64encode(SCRIPT.encode()) + b" | base64 -d | sh",
         "encoded in line 2, line 2"),
        (b"#cloud-config\nwrite_files:\n  - encoding: gz+b64\n    content: "
         + base64.b64encode(gzip.compress(SCRIPT.encode())), "encoded in line 4, line 2"),
        (b"#cloud-config\nwrite_files:\n  - encoding: b64\n    content: |\n"
         + base64.encodebytes((SHELL + "echo waiting for the disk to come\n" * 4 + "mkfs.ext4 /dev/sdf").encode()),
         "encoded in line 5, line 6"),
    ],
    ids=["gzip", "base64", "both", "mime", "mime in gzip", "both in mime", "in a shell", "gz+b64", "b64"],
)  # fmt: skip
def test_what_is_packed_is_opened(packed: bytes, where: str) -> None:
    assert told(packed) == f"/dev/sdf (mkfs.ext4 on /dev/sdf, {where})"


@pytest.mark.parametrize(
    "raw",
    [
        gzip.compress(SCRIPT.encode())[:-12][:20],
        gzip.compress(b"#" * 10_000_000),
        b"\x00\x01\x02\xff\xfe" * 20,
        mime(*[SHELL] * 150),
    ],
    ids=["broken", "a bomb", "binary", "150 parts"],
)
def test_what_cannot_be_opened_is_not_taken_for_harmless_and_takes_no_time(raw: bytes) -> None:
    begun = time.process_time()
    assert "user data that cannot be read" in told(raw)
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    "text",
    ["$(" * 8000, "${a:-" * 3000, "{{" * 8000, "`a" * 8000, "fs_setup:\n" * 1500, "\\\n" * 8000, "mkfs " * 3000,
     "a=xxxxxxxxxx\n" + "a=$a$a\n" * 80 + "mkfs $a"],
)  # fmt: skip
def test_no_text_takes_long_to_look_through(text: str) -> None:
    begun = time.process_time()
    told(text)
    assert time.process_time() - begun < 2


def test_on_nitro_an_nvme_name_can_mean_any_of_the_volumes_and_a_volume_id_means_one() -> None:
    assert told(SHELL + "mkfs.xfs /dev/nvme2n1", "/dev/sdf", "/dev/sdg").startswith("/dev/sdf or /dev/sdg (")
    by_id = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol01"
    assert told(SHELL + f"mkfs.xfs {by_id}", "/dev/sdf", "/dev/sdg").startswith("/dev/sdg (")


def test_without_data_volumes_nothing_of_the_group_can_be_formatted() -> None:
    raw = base64.b64encode((SHELL + "mkfs.xfs /dev/sdf").encode()).decode()
    found = look({"BlockDeviceMappings": [ROOT]}, {READ: {"UserData": {"Value": raw}}})
    assert "user-data-formats" not in ids(found, "accept")


@pytest.mark.parametrize("mode", ["asg", "standby"])
def test_it_is_accepted_by_name_and_no_text_of_it_is_shown(mode: str) -> None:
    secret = SHELL + "TOKEN=hunter2\nmkfs.ext4 -L hunter2 /dev/sdf\nmkfs.ext4 /dev/hunter2=$TOKEN\n"
    found = with_data(secret, mode=mode)
    (row,) = [one for one in found.verdicts if one.id == "user-data-formats"]
    assert row.flag == "--accept user-data-formats"
    assert "hunter2" not in found.model_dump_json()
    assert "user-data-formats" not in ids(with_data(secret, mode="recover"), "accept")


def test_user_data_that_is_not_base64_is_looked_through_as_it_is() -> None:
    found = look(answers={READ: {"UserData": {"Value": SHELL + "mkfs.xfs /dev/sdf"}}})
    assert "user-data-formats" in ids(found, "accept")
    assert len(found.user_data_sha256) == 64


def test_user_data_that_could_not_be_read_has_to_be_accepted_for_replacements_would_lack_it() -> None:
    found = look(answers={READ: denied("ec2.DescribeInstanceAttribute")})
    assert "user-data-unread" in ids(found, "accept")
    assert not found.has_user_data
