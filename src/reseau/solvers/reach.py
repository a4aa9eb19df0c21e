"""How far a step of Gauss and Newton is believed, where longer ones made things worse.

Modes that data hardly know are long, and what bends across them grows with the fourth
power of the way: a step of a few σ may end high on the side where a tenth of it would
descend. The direction is good, so it is kept and the step is cut; damping would turn it
away from the mode and creep.
"""

import numpy as np

TRIES = 3
"""Times in a row that a step is cut before damping is tried."""

LEAST, MOST = 0.05, 0.5
"""Part of a step that is left by one cut."""

GROWTH = 3.0
"""By what the reach grows after a cut step that descended."""


class Reach:
    """The longest step that is believed [σ], all directions together."""

    def __init__(self) -> None:
        self._longest = np.inf
        self._tries = 0
        self._taken = 0.0
        self._length = 0.0

    @property
    def shortened(self) -> bool:
        """Return whether steps may be cut."""
        return bool(np.isfinite(self._longest))

    def part(self, length: float) -> float:
        """Return which part of a step of this length is to be taken."""
        part = 1.0 if length <= self._longest else self._longest / length
        self._taken, self._length = part * length, length
        return part

    def descended(self) -> None:
        """Believe longer steps again."""
        if self._tries or self._taken < self._length:
            self._longest *= GROWTH
        self._tries = 0

    def shorten(self, rise: float) -> bool:
        """Believe less after a rise of the objective; return False to give up.

        Parameters
        ----------
        rise
            By the last step.
        """
        if self._tries >= TRIES or not self._taken > 0.0:
            self._longest, self._tries = np.inf, 0
            return False
        # −at + bt⁴ along the step, with the slope of Gauss and Newton and this rise.
        fall = 2.0 * self._taken * self._length
        part = np.cbrt(0.25 * fall / (fall + rise)) if np.isfinite(rise) else LEAST
        self._longest = self._taken * float(np.clip(part, LEAST, MOST))
        self._tries += 1
        return True


__all__ = ["Reach"]
