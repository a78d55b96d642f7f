r"""When learning runs away, and how that is recognised.

The published rule multiplies the prediction error with the *new* state of the source,
:math:`\Delta J_{ij} = \alpha\varepsilon_i\sigma'_j`. While successive states resemble each
other that shrinks the error. Where they oppose each other (:math:`\sigma' \approx -\sigma` under
constant evidence) it strengthens the very couplings that flip the state: the prior field outgrows
the evidence and the network flips for ever, with J growing in every step. For the digits this
happens at α = .01 (smallest eigenvalue of J† near −400), and not at α = .001.

Learning is called divergent when, over a window of looks at the ends of epochs,

- the cosine between the last two states, under the same evidence, is below −½ on average, and
- the prior field is larger than the evidence and biases (root mean square), and
- J has at least doubled its norm since learning began;

or when a field exceeds 10⁸ or is not a number, which unbounded states (Gaussian) can reach. Looks
become rarer while all is calm, so that a long run is not slowed down by them. Where several
networks run side by side, one that diverges is named in a warning, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.errors import DivergenceError, Fault
from deepparticle.compile.axes import Axes
from deepparticle.compile.backends.base import Trace
from deepparticle.compile.program import Program

__all__ = ["DivergenceMonitor", "DivergenceWarning"]

_WINDOW = 20
_OPPOSED = -0.5
_LARGEST_FIELD = 1e8


class DivergenceWarning(UserWarning):
    """One of several networks ran away; the others go on."""


class DivergenceMonitor:
    """Watches a run, at the ends of its blocks.

    Parameters
    ----------
    program : Program
    axes : Axes
    couplings : ndarray of shape (R, N, N) or (R, E), or None
        J when learning began; None for inference.
    rate : ndarray of shape (R, N) or None
        The learning rates, for the message.
    """

    def __init__(
        self,
        program: Program,
        axes: Axes,
        couplings: FloatArray | None,
        rate: FloatArray | None,
    ) -> None:
        self._program = program
        self._axes = axes
        self._rate = None if rate is None else rate.max(axis=1)
        self._start = None if couplings is None else _norms(couplings)
        self.bounded = program.bounded
        shape = (axes.shape[0], _WINDOW)
        self._cosines, self._excess = np.zeros(shape), np.zeros(shape)
        self._looks = np.zeros(axes.shape[0], dtype=np.intp)
        self.diverged = np.zeros(axes.shape[0], dtype=np.bool_)
        # What is to be said of them.
        self.messages: list[str] = []

    @property
    def calm(self) -> bool:
        """Whether the last looks saw nothing that could become a divergence."""
        latest = self._cosines[np.arange(len(self._looks)), (self._looks - 1) % _WINDOW]
        return self.bounded and bool(np.all((latest > _OPPOSED) | self.diverged))

    def look(
        self,
        trace: Trace,
        evidence: FloatArray,
        same: BoolArray,
        couplings: Callable[[], FloatArray],
        step: int,
    ) -> None:
        """Look at the end of a block.

        Parameters
        ----------
        trace : Trace
            The last two states, and the field.
        evidence : ndarray of shape (R, C, N)
            Of the last step.
        same : ndarray of bool, shape (R,)
            Whether each network had the same evidence in the step before.
        couplings : callable
            Gives those now.
        step : int
            For the message.

        Raises
        ------
        DivergenceError
            If the only network runs away.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            self._look_at_field(trace, step)
            if self._start is not None:
                self._look_at_learning(trace, evidence, same, couplings, step)

    def sees_loss(self, trace: Trace) -> bool:
        """Whether a network ran away in a block by its field alone."""
        return bool(self._lost(trace).any())

    def _lost(self, trace: Trace) -> BoolArray:
        # Bounded states may have any field that is a number.
        largest = np.finfo(trace.field.dtype).max if self.bounded else _LARGEST_FIELD
        size = np.abs(trace.field).max(axis=(1, 2))
        lost: BoolArray = ~(size <= largest) & ~self.diverged
        return lost

    def _look_at_field(self, trace: Trace, step: int) -> None:
        for network in np.flatnonzero(self._lost(trace)):
            field = trace.field[network]
            chain, row = np.unravel_index(
                int(np.argmax(np.nan_to_num(np.abs(field), nan=np.inf))), field.shape
            )
            self._report(
                int(network),
                f"the field of {self._program.paths[int(row)]!r} reached {field[chain, row]:.3g}",
                step,
            )

    def _look_at_learning(
        self,
        trace: Trace,
        evidence: FloatArray,
        same: BoolArray,
        couplings: Callable[[], FloatArray],
        step: int,
    ) -> None:
        norm = _norms(trace.previous) * _norms(trace.state)
        overlap = np.vecdot(_flat(trace.previous), _flat(trace.state))
        cosines = np.divide(overlap, norm, out=np.zeros(len(norm)), where=norm > 0.0)
        # Of root mean squares and of norms, the larger one is the same.
        excess = _norms(trace.field) - _norms(self._program.bias + evidence)
        seen = np.flatnonzero(same)
        place = self._looks[seen] % _WINDOW
        self._cosines[seen, place], self._excess[seen, place] = cosines[seen], excess[seen]
        self._looks[seen] += 1
        cosine = self._cosines.mean(axis=1)
        suspect = (self._looks >= _WINDOW) & (cosine <= _OPPOSED) & ~self.diverged
        suspect &= self._excess.mean(axis=1) > 0.0
        if not suspect.any():
            return
        assert self._start is not None
        for network in np.flatnonzero(suspect & (_norms(couplings()) > 2.0 * self._start)):
            self._report(
                int(network),
                "successive states oppose each other under constant evidence (mean cosine "
                f"{cosine[network]:.2f}) and the largest field is "
                f"{np.abs(trace.field[network]).max():.3g}",
                step,
            )

    def _report(self, network: int, value: str, step: int) -> None:
        error = self._error(network, value, step)
        if self._axes.networks is None:
            raise error
        self.diverged[network] = True
        self.messages.append(str(error))

    def _error(self, network: int, value: str, step: int) -> DivergenceError:
        doing, mend = "inference", "lower the couplings or the precision"
        if self._rate is not None:
            doing = "learning"
            rate = self._rate[network]
            mend = f"use a smaller learning_rate than {rate:g}, a tenth of it for example"
        whose, ended = repr(self._program.name), "ran away by step {} and was stopped"
        kept = "; what was learned and recorded until then is in the simulator and in error.run"
        if self._axes.networks is not None:
            whose = f"network {network} of {whose}"
            ended, kept = "ran away by step {}; the other networks go on", ""
        return DivergenceError(
            Fault(
                f"{doing} of {whose}",
                f"{doing} converges; it {ended.format(step)}",
                value,
                f"{mend}{kept}",
            )
        )


def _norms(values: FloatArray) -> FloatArray:
    """The norm of each network's numbers, shape (R,)."""
    flat = _flat(values)
    norms: FloatArray = np.sqrt(np.vecdot(flat, flat))
    return norms


def _flat(values: FloatArray) -> FloatArray:
    return values.reshape(len(values), -1)
