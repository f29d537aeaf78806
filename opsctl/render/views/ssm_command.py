"""What a script came to on each instance that it was sent to."""

from opsctl.model.value import Json
from opsctl.render.job_view import JobView
from opsctl.render.words import few
from opsctl.resources.jobs.ssm_command import good, told
from opsctl.resources.ssm_calls import CommandAnswer

_SHOWN = 20


class SsmCommandView(JobView):
    """Shows where a script did not succeed, and how it ended there; of the others only how many there are."""

    unproved = "run, but not for certain"

    @classmethod
    def shows(cls, found: dict[str, Json]) -> bool:
        """Tell whether anything has answered."""
        return "ran" in found

    def lines(self) -> list[str]:
        """List the instances where the script, or its proof, did not succeed."""
        lines = _failed(self.found)
        if "proof" in self.found:
            lines += [f"proof: {line}" for line in _failed(self.found["proof"])]
        return few(lines, _SHOWN)


def _failed(found: dict[str, Json]) -> list[str]:
    answers = [CommandAnswer.model_validate(one) for one in found["ran"]]
    return [told(one) for one in answers if not good(one, found["expected"])]
