"""Configuration files of ParallelCluster 2: what each setting of the network becomes in version 3.

The settings are those of the version 2 guide (cluster definition, queue section); what they become is what
`pcluster3-config-converter` makes of them (aws-parallelcluster 3).
"""

import configparser
import re
from collections.abc import Iterator

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Value

_SECTION = re.compile(
    r"^\s*\[(global|aws|aliases|(?:cluster|queue|compute_resource|vpc)\s+[^\]]+)\]\s*$", re.MULTILINE
)
_RETIRED = ("sge", "torque")
_ONLY_SLURM = "of a cluster with Slurm"


class LegacySetting(Value):
    """A setting as it stands at a line, and what it becomes; `part` is where in a version 3 file, if anywhere."""

    line: int
    section: str
    key: str
    value: str
    part: str
    becomes: str


class LegacyFile(Value):
    """A version 2 file: which of its clusters was looked at, and its settings in their order."""

    file: str
    cluster: str
    scheduler: str
    settings: tuple[LegacySetting, ...]
    wrong: tuple[str, ...]


def is_legacy(text: str) -> bool:
    """Tell whether a text is the ini file of a version 2 cluster."""
    return _SECTION.search(text) is not None


def parse_legacy(text: str, source: str) -> LegacyFile:
    """Read a version 2 file.

    Raises:
        InvalidInput: it is no ini file, or has no cluster.
    """
    parser = configparser.ConfigParser(inline_comment_prefixes=("#", ";"), interpolation=None)
    try:
        parser.read_string(text, source)
    except configparser.MissingSectionHeaderError as fault:
        raise _fault("a setting stands before the first section", source, fault.lineno) from None
    except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as fault:
        named = f"[{fault.section}]" + (f" {fault.option}" if hasattr(fault, "option") else "")
        raise _fault(f"{named} stands there twice", source, fault.lineno or 1) from None
    except configparser.ParsingError as fault:
        raise _fault("neither a section nor a setting", source, fault.errors[0][0]) from None
    return _Legacy(parser, text, source).read()


def _fault(summary: str, source: str, line: int) -> InvalidInput:
    where = Where(source=source, line=line, column=1)
    return InvalidInput([Diagnostic(code="ini", summary=f"not a ParallelCluster 2 file: {summary}", where=where)])


class _Legacy:
    def __init__(self, parser: configparser.ConfigParser, text: str, source: str) -> None:
        self._parser, self._source = parser, source
        self._lines = _lines_of(text)

    def read(self) -> LegacyFile:
        label = self._parser.get("global", "cluster_template", fallback="default")
        clusters = [name for name in self._parser.sections() if name.split()[0] == "cluster"]
        section = f"cluster {label}" if f"cluster {label}" in clusters else (clusters or [""])[0]
        if not section:
            raise _fault("it has no [cluster ...] section", self._source, 1)
        scheduler = self._parser.get(section, "scheduler", fallback="")
        found = [*self._of_cluster(section), *self._of_queues(section)]
        return LegacyFile(
            file=self._source,
            cluster=section.partition(" ")[2],
            scheduler=scheduler,
            settings=tuple(sorted(found, key=lambda one: one.line)),
            wrong=tuple(self._wrong(section, scheduler)),
        )

    def _of_cluster(self, section: str) -> Iterator[LegacySetting]:
        every = "Scheduling.SlurmQueues[].ComputeResources[].Efa"
        for key, value in self._parser.items(section):
            if key == "enable_efa":
                yield self._setting(section, key, f"{every}.Enabled", f"true, {_ONLY_SLURM}")
            elif key == "enable_efa_gdr":
                yield self._setting(section, key, "", "nothing: GPUDirect has been on by itself since 3.0.2")
            elif key == "placement_group":
                yield self._placement(section, value, "Scheduling.SlurmQueues[].Networking.PlacementGroup")
            elif key == "placement":
                cluster = (
                    "the head node is in no group in version 3" if value == "cluster" else "the compute nodes"
                )
                yield self._setting(section, key, "", f"nothing of its own: {cluster}")
            elif key == "scheduler" and value in _RETIRED:
                yield self._setting(section, key, "Scheduling.Scheduler", "slurm or awsbatch: this one is gone")
            elif key == "scheduler":
                yield self._setting(section, key, "Scheduling.Scheduler", value)
            elif key == "base_os":
                yield self._setting(section, key, "Image.Os", f"{value}, or a newer one")
            elif key in ("compute_instance_type", "master_instance_type"):
                of = "HeadNode" if key.startswith("master") else "Scheduling.SlurmQueues[0].ComputeResources[0]"
                yield self._setting(section, key, f"{of}.InstanceType", value)
            elif key == "cluster_type":
                part = "Scheduling.SlurmQueues[0].CapacityType"
                yield self._setting(section, key, part, value.upper())

    def _of_queues(self, section: str) -> Iterator[LegacySetting]:
        for number, name in enumerate(_listed(self._parser.get(section, "queue_settings", fallback=""))):
            queue, part = f"queue {name}", f"Scheduling.SlurmQueues[{number}]"
            if not self._parser.has_section(queue):
                continue
            for key, value in self._parser.items(queue):
                if key == "enable_efa":
                    becomes = "true" if value.lower() in ("true", "compute") else value.lower()
                    yield self._setting(queue, key, f"{part}.ComputeResources[].Efa.Enabled", becomes)
                elif key == "enable_efa_gdr":
                    yield self._setting(queue, key, "", "nothing: GPUDirect has been on by itself since 3.0.2")
                elif key == "placement_group":
                    yield self._placement(queue, value, f"{part}.Networking.PlacementGroup")
                elif key == "compute_type":
                    yield self._setting(queue, key, f"{part}.CapacityType", value.upper())
            resources = _listed(self._parser.get(queue, "compute_resource_settings", fallback=""))
            for index, resource in enumerate(resources):
                of = f"compute_resource {resource}"
                if self._parser.has_option(of, "instance_type"):
                    there = f"{part}.ComputeResources[{index}].InstanceType"
                    yield self._setting(of, "instance_type", there, self._parser.get(of, "instance_type"))

    def _placement(self, section: str, value: str, part: str) -> LegacySetting:
        if value == "DYNAMIC":
            return self._setting(section, "placement_group", f"{part}.Enabled", "true")
        return self._setting(section, "placement_group", f"{part}.Name", value)

    def _setting(self, section: str, key: str, part: str, becomes: str) -> LegacySetting:
        return LegacySetting(
            line=self._lines.get((section, key), 1),
            section=section,
            key=key,
            value=self._parser.get(section, key),
            part=part,
            becomes=becomes,
        )

    def _wrong(self, section: str, scheduler: str) -> Iterator[str]:
        """What version 2 itself refused, or version 3 has no place for."""
        queues = _listed(self._parser.get(section, "queue_settings", fallback=""))
        for key in ("enable_efa", "enable_efa_gdr", "placement_group"):
            on = [name for name in queues if self._parser.has_option(f"queue {name}", key)]
            if on and self._parser.has_option(section, key):
                yield f"[{section}] {key} together with that of queue {', '.join(on)}: leave those of the queues"
        missing = [name for name in queues if not self._parser.has_section(f"queue {name}")]
        if missing:
            yield f"[{section}] queue_settings names {', '.join(missing)}, and there is no such section"
        if scheduler in _RETIRED:
            yield f"scheduler {scheduler} is gone: move the jobs to Slurm or AWS Batch first"
        efa = self._parser.has_option(section, "enable_efa") or any(
            self._parser.has_option(f"queue {name}", "enable_efa") for name in queues
        )
        placed = self._parser.has_option(section, "placement_group") or any(
            self._parser.has_option(f"queue {name}", "placement_group") for name in queues
        )
        if efa and not placed:
            yield "EFA without placement_group: version 3 wants PlacementGroup.Enabled said, true or false"


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _lines_of(text: str) -> dict[tuple[str, str], int]:
    """Find where each setting stands: configparser does not tell."""
    lines: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        heading = re.match(r"^\[(?P<name>[^\]]+)\]", line)
        setting = re.match(r"^(?P<key>[^\s=:#;][^=:]*?)\s*[=:]", line)
        if heading:
            section = heading["name"]
        elif setting:
            lines.setdefault((section, setting["key"].lower()), number)
    return lines
