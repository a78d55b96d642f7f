r"""What a run shows of each update, held against what the world declares.

From the states before and after a step, :math:`\sigma` and :math:`\sigma'`, the evidence
:math:`u` and the declared couplings, biases and precisions follow what each subparticle saw, the
argument of its inference, and its residual:

.. math:: \theta_i = \beta_i \bigl(b_i + \sum_j J_{ij}\,\sigma_j^{seen} + u_i\bigr), \qquad
          r_i = \sigma_i' - L(\theta_i), \qquad
          \phi''(\theta_i) = \mathrm{Var}(\sigma_i' \mid seen) .

Under the synchronous schedule all saw the old states. In a sweep whose order is known
(``sequential``: rows; ``chromatic``: colours; your own: its turns), :math:`i` saw the new states of
those that had an earlier turn and the old ones of the others. Under ``random`` a run does not tell
which rows were updated, and in which order; under ``langevin`` states move instead of being drawn:
neither can be certified.

Where boundary states are noisy a run does not tell what they showed,
:math:`s_{ij} = J_{ij}\,\sigma_j^{seen} + sd_{ij}\,z_{ij}`, but its law can be told: the noise is
drawn anew in each step, and each boundary state has one target. Given the states, :math:`\sigma_i'`
then follows the mixture

.. math:: p(\sigma_i' \mid seen) =
          \int p\bigl(\sigma_i';\, \theta_i + \beta_i \sqrt{v_i}\, z\bigr)\, \varphi(z)\, dz, \qquad
          v_i = \sum_j sd_{ij}^2 ,

whose mean and variance (:mod:`deepparticle.agents.field_noise`) take the place of :math:`L` and
:math:`\phi''`. Then :math:`r_i` is still a martingale difference, and those of two subparticles in
one step are still independent given the states, since no noise is common to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.field_noise import noisy_moments
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.borders import Borders
from deepparticle.partitions.columns import LeafColumns, noise_variances
from deepparticle.partitions.schedules import checked_schedule, turn_of_rows, turns_inside

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["Transitions", "declared_transitions", "recorded_states"]

_WHERE = "certify"

_REFUSED = {
    "random": "a run does not tell which rows were updated, and in which order",
    "langevin": "states move by small steps instead of being drawn",
}

# Rows beyond which couplings that are few are multiplied as a sparse matrix.
_LARGE = 2048
_SPARSE_DENSITY = 0.1

# New states that are drawn are not within this of their means.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Transitions:
    r"""Transitions of all chains, one after the other.

    Parameters
    ----------
    earlier, before, after : ndarray of shape (t, N)
        The states one step before the old ones, the old ones, and the new ones.
    residuals : ndarray of shape (t, N)
        :math:`r`, in units of state; 0 where a row was not due.
    variances : ndarray of shape (t, N)
        :math:`\mathrm{Var}(\sigma_i' \mid seen)`; 0 where a row was not due.
    rank : ndarray of intp, shape (N,), or None
        The turn of each row in the sweep; None where all update at once.
    drawn : bool
        Whether any new state is not the mean of its law, without noise.
    """

    earlier: FloatArray
    before: FloatArray
    after: FloatArray
    residuals: FloatArray
    variances: FloatArray
    rank: IntArray | None
    drawn: bool

    def seen_by(self, row: int) -> FloatArray:
        """The newest states at the time when a row updates, shape (t, N)."""
        if self.rank is None:
            return self.before
        return np.where(self.rank < self.rank[row], self.after, self.before)

    def missed_by(self, row: int) -> FloatArray:
        """The states just before those, which it could have seen one step ago, shape (t, N)."""
        if self.rank is None:
            return self.earlier
        return np.where(self.rank < self.rank[row], self.before, self.earlier)


def recorded_states(run: Any, count: int) -> FloatArray:
    """The states of a run, or an array of them, checked.

    Parameters
    ----------
    run : Run or array_like of shape (steps, [networks,] [chains,] N)
        A run has to have recorded its states in every step, with frozen couplings.
    count : int
        N.

    Returns
    -------
    ndarray of the same shape

    Raises
    ------
    SettingError, SettingTypeError
        For a run of learning, one with gaps, or anything else that is no series of states.
    """
    records = getattr(run, "records", None)
    if records is not None:
        if "states" not in records:
            raise _refusal(
                "the run has recorded its states", f"{sorted(records)}", 'record="states"'
            )
        if run.every != 1:
            raise _refusal(
                "the states of every step are recorded", f"every={run.every}", "run with every=1"
            )
        if len(run.patterns):
            raise _refusal(
                "couplings are frozen, as the world declares them",
                "a run of learning",
                "write_back() what was learned, and certify a run of infer()",
            )
        run = records["states"]
    try:
        states = real_array(run)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(
                _WHERE,
                "the run is a Run or an array of states",
                repr(run)[:60],
                "give what infer() returned",
            )
        ) from None
    if states.ndim < 2 or states.shape[-1] != count:
        raise _refusal(
            f"states have shape (steps, [chains,] {count})",
            f"shape {states.shape}",
            "give the states of this world, step by step",
        )
    if not np.all(np.isfinite(states)):
        raise _refusal("states are finite", "NaN or inf", "certify a run that did not run away")
    steps = len(states)
    if steps < 3:
        raise _refusal("there are at least 3 steps", f"{steps}", "certify a longer run")
    return states


def declared_transitions(
    world: Partition,
    borders: Borders,
    columns: LeafColumns,
    states: FloatArray,
    evidence: FloatArray,
    schedule: str,
    time: int,
) -> Transitions:
    """What each update saw, and what it made of it.

    Parameters
    ----------
    world : Partition
    borders : Borders
    columns : LeafColumns
        Of the same world; precision and clock may have been replaced.
    states, evidence : ndarray of shape (steps, chains, N)
        The states, and :math:`u`: what was sensed in the step that made each of them.
    schedule : {"synchronous", "sequential", "chromatic"} or one of your own
    time : int
        The number of the step that made the first states, for clocks.

    Returns
    -------
    Transitions
        From the third states on: two steps before are looked back at.

    Raises
    ------
    SettingError
        For a schedule that cannot be certified, or states that moved when they were not due.
    """
    checked_schedule(schedule, _WHERE)
    if schedule in _REFUSED:
        raise SettingError(
            Fault(
                f"{_WHERE}, schedule {schedule!r}",
                "what each update saw can be told from the states before and after",
                _REFUSED[schedule],
                'certify a run of the schedule "synchronous", "sequential" or "chromatic"',
            )
        )
    count = borders.entries.size
    rank: IntArray | None = None
    if schedule != "synchronous":
        rank = turn_of_rows(turns_inside(world, schedule), count)
    old, new = states[1:-1], states[2:]
    field = columns.bias + _driven(borders, old, new, rank)
    theta = columns.precision * (field + evidence[2:])
    deviation = columns.precision * np.sqrt(noise_variances(world))
    means, variances, plain = np.empty((3, *theta.shape))
    for distribution, rows in columns.distributions:
        moments = noisy_moments(distribution, theta[..., rows], deviation[rows])
        means[..., rows], variances[..., rows] = moments.mean, moments.variance
        noisy = np.any(deviation[rows] > 0.0)
        plain[..., rows] = distribution.mean(theta[..., rows]) if noisy else moments.mean
    due = (time + np.arange(2, len(states)))[:, None] % columns.clock == 0
    held = ~due[:, None, :] & (new != old)
    if np.any(held):
        step, _, row = np.argwhere(held)[0].tolist()
        raise SettingError(
            Fault(
                f"{_WHERE}, {columns.paths[row]!r}",
                f"with clock {columns.clock[row]} it is held in step {time + step + 2}",
                "a state that moved",
                "give time=, the number of the step that made the first states, and the clock= "
                "that was used",
            )
        )
    awake = due[:, None, :]
    flat = (-1, count)
    return Transitions(
        states[:-2].reshape(flat),
        old.reshape(flat),
        new.reshape(flat),
        np.where(awake, new - means, 0.0).reshape(flat),
        np.where(awake, variances, 0.0).reshape(flat),
        rank,
        bool(np.any(awake & (np.abs(new - plain) > _ROUNDING))),
    )


def _driven(
    borders: Borders, old: FloatArray, new: FloatArray, rank: IntArray | None
) -> FloatArray:
    """What comes in through the couplings, for the states that were seen."""
    entries = borders.entries

    def product(chosen: Any, states: FloatArray) -> FloatArray:
        import scipy.sparse

        parts = entries.weights[chosen], (entries.targets[chosen], entries.sources[chosen])
        J: Any = scipy.sparse.csr_array(parts, shape=(entries.size, entries.size))
        if entries.size <= _LARGE or entries.density > _SPARSE_DENSITY:
            J = J.toarray()
        flat = states.reshape(-1, entries.size)
        result: FloatArray = (J @ flat.T).T.reshape(states.shape)
        return result

    if rank is None:
        return product(slice(None), old)
    newer = rank[entries.sources] < rank[entries.targets]
    return product(newer, new) + product(~newer, old)


def _refusal(rule: str, value: str, mend: str) -> SettingError:
    return SettingError(Fault(_WHERE, rule, value, mend))
