r"""External states around a coarse world: the same states, met by units.

A unit :math:`A` senses :math:`u_A = \sum_{i \in A} p_i w_i \eta_i`, with the shares :math:`p` of
its members in its field, and acts with :math:`\sum_{i \in A} w_i \sigma_i \approx
(\sum_{i \in A} w_i v_i)\,S_A` (:mod:`deepparticle.partitions.coarsening`). So an external state
that is one number keeps its value, and has the macro-scale weights

.. math:: w_A^{sense} = \sum_{i \in A} p_i w_i, \qquad w_A^{act} = \sum_{i \in A} w_i v_i .

One that holds a number per sensing subparticle holds one per sensing unit afterwards, the mean of
theirs with the weights :math:`p_i w_i`. A process goes on answering to the actions that it knows,
one per subparticle, which are those of the lifted states. Active states of which some learn, learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.external import ExternalState, Process, forked
from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.partitions.columns import external_columns

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["CoarseExternal", "LiftedProcess", "coarse_external"]

# Weights that cancel leave this much of their sum of magnitudes, by rounding.
_CANCELLED = 1e-12


@dataclass(frozen=True, eq=False)
class CoarseExternal:
    """How an external state meets units instead of subparticles.

    Parameters
    ----------
    path : str
    sensing, acting : ndarray of intp
        The units that sense it, and that act on it.
    sensing_weights, acting_weights : ndarray of float64
        Of the macro-scale states between.
    sensing_places, acting_places : ndarray of intp, shape (k,) and (m,)
        For each subparticle that senses it, or acts on it, the place of its unit among these.
    acting_plastic : ndarray of bool
        Whether the active states of units learn.
    sensing_shares, acting_shares : ndarray of shape (k,) and (m,)
        Its share in the value that its unit senses, and in the action of its unit.
    """

    path: str
    sensing: IntArray
    sensing_weights: FloatArray
    sensing_places: IntArray
    sensing_shares: FloatArray
    acting: IntArray
    acting_weights: FloatArray
    acting_places: IntArray
    acting_shares: FloatArray
    acting_plastic: BoolArray

    @property
    def unchanged(self) -> bool:
        """Whether only single subparticles meet it, so that it is as it was."""
        return len(self.sensing) == len(self.sensing_places) and (
            len(self.acting) == len(self.acting_places)
        )

    def value(self, value: ArrayLike) -> FloatArray:
        """The value for units: a number as it is, ``(..., k)`` as one number per sensing unit."""
        array = np.asarray(value, dtype=np.float64)
        if array.ndim == 0 or not len(self.sensing_places):  # what nobody senses may be anything
            return array
        if array.shape[-1] != len(self.sensing_places):
            raise SettingError(
                Fault(
                    self.path,
                    f"its value is one number, or one per sensing subparticle "
                    f"({len(self.sensing_places)})",
                    f"shape {array.shape}",
                    "give the value as for the fine world",
                )
            )
        starts = np.searchsorted(self.sensing_places, np.arange(len(self.sensing)))
        means: FloatArray = np.add.reduceat(array * self.sensing_shares, starts, axis=-1)
        return means

    def process(self, process: Process | None) -> Process | None:
        """The process for units."""
        own = forked(process)
        return own if own is None or self.unchanged else LiftedProcess(own, self)


@dataclass(frozen=True, eq=False)
class LiftedProcess:
    """A process of a fine world, answering to a coarse one.

    Parameters
    ----------
    process : callable
        ``process(value, actions, rng) -> value`` of the fine world.
    between : CoarseExternal
    """

    process: Process
    between: CoarseExternal

    def fork(self) -> LiftedProcess:
        """Another one, in the same state, where the process remembers something."""
        fine = forked(self.process)
        assert fine is not None
        return LiftedProcess(fine, self.between)

    def __call__(self, value: Any, actions: Any, rng: np.random.Generator) -> FloatArray:
        """Lift the value and the actions, let the process answer, and average its answer."""
        between = self.between
        fine = value if np.ndim(value) == 0 else value[between.sensing_places]
        lifted = actions[between.acting_places] * between.acting_shares
        return between.value(self.process(fine, lifted, rng))


def coarse_external(
    world: Partition,
    external: ExternalState,
    unit_of: IntArray,
    fields: FloatArray,
    lifts: FloatArray,
) -> CoarseExternal:
    """How an external state meets units.

    Parameters
    ----------
    world : Partition
    external : ExternalState
    unit_of : ndarray of intp, shape (N,)
    fields, lifts : ndarray of shape (N,)
        :math:`p` and :math:`v`.
    """
    columns = external_columns(world, external)
    sensing = _gathered(
        unit_of[columns.sensing],
        columns.sensing_weights * fields[columns.sensing],
        vector=np.ndim(external.value) == 1,
    )
    acting = _gathered(
        unit_of[columns.acting], columns.acting_weights * lifts[columns.acting], vector=False
    )
    learns = np.bincount(acting[2], columns.acting_plastic, minlength=len(acting[0])) > 0
    return CoarseExternal(external.path, *sensing, *acting, acting_plastic=learns)


def _gathered(
    units: IntArray, weights: FloatArray, vector: bool
) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """Units, their weights, the place of each subparticle among them, and its share."""
    chosen, places = np.unique(units, return_inverse=True)
    sums = np.bincount(places, weights, minlength=len(chosen)).astype(np.float64)
    size = np.bincount(places, np.abs(weights), minlength=len(chosen))
    cancelled = np.abs(sums) <= _CANCELLED * size
    shares = np.zeros_like(weights)
    kept = ~cancelled[places]
    shares[kept] = weights[kept] / sums[places[kept]]
    # Where weights cancel, one number for all is not sensed, but a number for each is.
    if vector:
        open_ = cancelled & (size > 0.0)
        shares[open_[places]] = weights[open_[places]]
        sums = np.where(open_, 1.0, sums)
    single = (np.bincount(places, minlength=len(chosen)) == 1)[places]
    shares[single] = 1.0
    return chosen.astype(np.intp), sums, places.astype(np.intp), shares
