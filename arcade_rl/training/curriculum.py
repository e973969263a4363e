"""Which stage of a game's curriculum is played, and when the next one begins."""

from __future__ import annotations

from arcade_rl.contracts import Declaration
from arcade_rl.recording.ended import EndedEpisodes


class Curriculum:
    """The stage of a run and the episodes that its promotion rule looks at."""

    def __init__(self, declaration: Declaration, stage: int, window: list[float]) -> None:
        self._stages = declaration.stages
        self._columns = {metric.name: k for k, metric in enumerate(declaration.metrics)}
        self.stage = stage
        self.window = window
        """Values of the promotion metric in the last episodes of the current stage."""

    def observe(self, ended: EndedEpisodes) -> bool:
        """Count the episodes of the current stage, and say whether the next stage begins."""
        rule = self._stages[self.stage].promotion if self._stages else None
        if rule is None:
            return False
        values = ended.metrics[ended.stage == self.stage, self._columns[rule.metric]]
        self.window = [*self.window, *values.tolist()][-rule.episodes :]
        if len(self.window) < rule.episodes or sum(self.window) / rule.episodes < rule.at_least:
            return False
        self.stage += 1
        self.window = []
        return True

    def name(self) -> str:
        """Name of the current stage."""
        return self._stages[self.stage].name if self._stages else ""
