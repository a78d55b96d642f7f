r"""When learning runs away, and how that is recognised.

The published rule multiplies the prediction error with the *new* state of the source,
:math:`\Delta J_{ij} = \alpha\varepsilon_i\sigma'_j`. While successive states resemble each
other that shrinks the error. Where they oppose each other (:math:`\sigma' \approx -\sigma` under
constant evidence) it strengthens the very couplings that flip the state: the prior field outgrows
the evidence and the network flips for ever, with J growing in every step. For the digits this
happens at α = .01 (smallest eigenvalue of J† near −400), and not at α = .001.

Learning is called divergent when, over a window of epochs,

- the cosine between the last two states of the epochs is below −½ on average, and
- the prior field is larger than the evidence and biases (root mean square), and
- J has at least doubled its norm since learning began;

or as soon as a field exceeds 10⁸ or is not a number, which unbounded states (Gaussian) can reach.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import DivergenceError, Fault
from deepparticle.compile.backends.base import Variables
from deepparticle.compile.program import Program

__all__ = ["DivergenceMonitor"]

_WINDOW = 20
_OPPOSED = -0.5
_LARGEST_FIELD = 1e8


class DivergenceMonitor:
    """Watches a run: every step where states are unbounded, and every epoch of learning.

    Parameters
    ----------
    program : Program
    couplings : ndarray of shape (N, N)
        J when learning began.
    rate : float
        The largest learning rate, for the message; 0 for inference.
    """

    def __init__(self, program: Program, couplings: FloatArray, rate: float) -> None:
        self._program = program
        self._rate = rate
        self._start = float(np.linalg.norm(couplings))
        self._bounded = all(
            np.all(np.isfinite(group.distribution.support)) for group in program.groups
        )
        self._cosines: deque[float] = deque(maxlen=_WINDOW)
        self._excess: deque[float] = deque(maxlen=_WINDOW)

    def look_step(self, now: Variables, step: int) -> None:
        """Look at one step; between the looks at epochs, only unbounded states need it.

        Raises
        ------
        DivergenceError
            If a field is not a number or beyond any use.
        """
        if not self._bounded:
            self._look_at_field(now, step)

    def _look_at_field(self, now: Variables, step: int) -> None:
        size = np.abs(now.field)
        # Bounded states may have any field that is a number.
        if not size.max() <= (np.finfo(size.dtype).max if self._bounded else _LARGEST_FIELD):
            chain, row = np.unravel_index(
                int(np.nanargmax(np.nan_to_num(size, nan=np.inf))), size.shape
            )
            raise self._error(
                f"the field of {self._program.paths[row]!r} reached {now.field[chain, row]:.3g}",
                step,
            )

    def look_epoch(
        self, before: FloatArray | None, now: Variables, evidence: FloatArray, step: int
    ) -> None:
        """Look at the end of an epoch.

        Parameters
        ----------
        before : ndarray of shape (C, N) or None
            The states one step earlier, under the same evidence; None where that was another.
        now : Variables
        evidence : ndarray of shape (C, N)
        step : int
            For the message.

        Raises
        ------
        DivergenceError
            If learning runs away.
        """
        self._look_at_field(now, step)
        if before is None:
            return
        norm = float(np.linalg.norm(before) * np.linalg.norm(now.state))
        self._cosines.append(float(np.vdot(before, now.state)) / norm if norm else 0.0)
        given = np.sqrt(np.mean((self._program.bias + evidence) ** 2))
        self._excess.append(float(np.sqrt(np.mean(now.field**2)) - given))
        if len(self._cosines) < _WINDOW or np.mean(self._cosines) > _OPPOSED:
            return
        grown = float(np.linalg.norm(now.couplings)) > 2.0 * self._start
        if np.mean(self._excess) > 0.0 and grown:
            raise self._error(
                "successive states oppose each other under constant evidence (mean cosine "
                f"{np.mean(self._cosines):.2f}) and the largest field is "
                f"{np.abs(now.field).max():.3g}",
                step,
            )

    def _error(self, value: str, step: int) -> DivergenceError:
        doing, mend = "inference", "lower the couplings or the precision"
        if self._rate:
            doing = "learning"
            mend = f"use a smaller learning_rate than {self._rate:g}, a tenth of it for example"
        return DivergenceError(
            Fault(
                f"{doing} of {self._program.name!r}",
                f"{doing} converges; it ran away by step {step} and was stopped",
                value,
                f"{mend}; what was learned and recorded until then is in the simulator and in "
                "error.run",
            )
        )
