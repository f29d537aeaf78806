"""The whole decision about a target: explored, judged, and held against what the actions would refuse.

It is apart from the fact, which a saved plan names: checking a plan needs the fact's fields and nothing of this.
"""

from collections.abc import Sequence
from functools import partial

from opsctl.block.asked import Asked
from opsctl.block.decision import Decision
from opsctl.block.reading_ahead import reads_about
from opsctl.block.target_paths import paths_to
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context


def decided(target: str, asked: Asked, ip_sets: Sequence[str], end: str, about: Context) -> Fetching[Decision]:
    """Explore, judge every way in, and find out who else each point of enforcement hits."""
    web, survey = yield from paths_to(target, about, partial(reads_about, asked=asked, about=about))
    # Imported here: what judges is loaded while the answers are awaited that it judges (`BlockDecision.later`).
    from opsctl.block.explored_target import decided_of

    found = yield from decided_of(target, web, survey, asked, ip_sets, end, about)
    return found
