r"""Coarse-graining: one macro-scale state for each unit of a level, and what it obeys.

"One may arbitrarily coarse-grain the system by combining subparticles" (Spisak & Friston 2026,
Discussion). Every unit :math:`A` gets one state, linear in the states of its members or at least
differentiable,

.. math:: S_A = w_A^T \sigma_A

with :math:`w = 1/|A|` (mean), :math:`w = d / \lVert d \rVert_1` for a direction :math:`d`
(projection: a stored pattern, or the leading eigenvector of the symmetric part of
:math:`K_{AA}`; the 1-norm keeps :math:`|S_A| \le 1`), or the gradient of a function (callable).
The state of a unit is lifted back along the pseudo-inverse, :math:`\sigma_A \approx v_A S_A` with
:math:`v = w / w^T w`, so that :math:`w^T v = 1`.

**Reference.** Let :math:`m = L(\theta), \theta = \beta(b + J m + u)` be a fixed point of the
expected states (:mod:`~deepparticle.partitions.resting`; without evidence unless some is given),
and :math:`D = \mathrm{diag}(\beta_i \phi''(\theta_i))` the gains there.

**Response of a unit.** A change :math:`\delta h_A` of the fields of its members that comes from
outside changes them by :math:`\delta\sigma_A = D(J_{AA}\,\delta\sigma_A + \delta h_A)`, hence

.. math:: \delta S_A = g_A^T \delta h_A, \qquad
          g_A^T = w_A^T\,(I - D J_{AA})^{-1} D .

The couplings inside the unit have no place among leaves, where :math:`J_{ii} = 0`; they are here,
in the *effective gain* :math:`G_A = g_A^T v_A` to a field along :math:`v_A`. In a unit of :math:`n`
equal members with couplings :math:`J_0/n`, :math:`G = D / (1 - D J_0 (n-1)/n)`.

**Macro-scale quantities.** With :math:`p_A = g_A / G_A`, which says how much the field of each
member counts,

.. math::
   J_{AB} = p_A^T J_{A \leftarrow B}\, v_B, \quad
   u_A = p_A^T u, \quad
   \beta_A = \frac{G_A}{\phi_A''(\theta_A)}, \quad
   b_A = \frac{\theta_A}{\beta_A} - \sum_B J_{AB} S^*_B - u^*_A,

where :math:`S^*_A = w_A^T m_A` (a callable: its value at :math:`m_A`) and
:math:`L_A(\theta_A) = S^*_A` for the distribution of the macro-scale state. So :math:`S^*` is a
fixed point of the coarse world, exactly, and around it
:math:`\delta S_A = g_A^T(\sum_B J_{A\leftarrow B} v_B\,\delta S_B + \delta u_A)`: the response of
the fine world to first order, up to the lift. A unit of one subparticle is that subparticle.

**Distribution.** That of the members where they share one; a continuous Bernoulli for bounded
members of several kinds, a Gaussian for others. Its *mean* is what is calibrated. A mean over
:math:`n` members is narrower than the state of one, by a factor of about :math:`n` in variance; a
continuous Bernoulli or a spin cannot have both the right gain and the right variance, so that a
coarse run is noisier than the macro-scale state of the fine one. A Gaussian can: its base variance
is the response

.. math:: v_A = w_A^T (I - D J_{AA})^{-1} \mathrm{diag}(\phi''(\theta))\, w_A

which is the variance of :math:`S_A` at fixed surroundings for symmetric :math:`K_{AA}` and
single-site schedules (fluctuation–dissipation); but it does not saturate.

**Limits.** (i) The gain is that of a unit that has come to rest: a unit is assumed faster than what
it listens to, and the memory that couplings inside give it is lost. (ii) It exists only while the
unit alone would not order by itself, all eigenvalues of :math:`D J_{AA}` having real parts below 1.
(iii) It is of first order; large evidence saturates a unit at :math:`\pm 1` along another curve,
except where members are equal and not coupled to each other. (iv) The lift is exact where the
couplings see only the macro-scale state, :math:`J_{A\leftarrow B} \propto \cdot\, w_B^T`.

*Exact cases.* Equal members without couplings inside a unit: the expected states, at any evidence.
Gaussian states with :math:`w_A^T D J_{A\leftarrow B} = M_{AB}\, w_B^T` for all :math:`A, B` (an
invariant subspace): all means, and with one precision and one variance per unit and symmetric K the
stationary law under single-site schedules; without couplings inside, also every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.member import SETTINGS
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.partitions.arrays import CouplingEntries
from deepparticle.partitions.columns import LeafColumns
from deepparticle.partitions.macro_states import MacroStates, compound_units
from deepparticle.partitions.resting import RestingPoint, by_distribution
from deepparticle.partitions.unit_response import unit_response

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["Aggregates", "aggregates"]


@dataclass(frozen=True, eq=False)
class Aggregates:
    r"""What the units of a level are as subparticles.

    Parameters
    ----------
    fields : ndarray of shape (N,)
        :math:`p`: how much the field of each member counts in that of its unit.
    gains, resting : ndarray of shape (U,)
        :math:`G_A` and the fixed point :math:`S^*_A`.
    bias, state : ndarray of shape (U,)
    settings : dict of str to ndarray of shape (U,)
        ``precision``, ``clock`` and the others that members inherit; names of rules, None where
        members have several.
    distributions : tuple of StateDistribution
        One per unit.
    couplings : CouplingEntries
        Between units.
    """

    fields: FloatArray
    gains: FloatArray
    resting: FloatArray
    bias: FloatArray
    state: FloatArray
    settings: dict[str, Any]
    distributions: tuple[StateDistribution, ...]
    couplings: CouplingEntries


def aggregates(
    macro: MacroStates,
    columns: LeafColumns,
    entries: CouplingEntries,
    matrix: scipy.sparse.csr_array,
    reference: RestingPoint,
    evidence: FloatArray,
    *,
    response: bool,
    family: StateDistribution | str | None,
    where: str,
) -> Aggregates:
    """Aggregate a world over the units of a level; the equations are above.

    Parameters
    ----------
    macro : MacroStates
    columns : LeafColumns
    entries : CouplingEntries
        The boundary states of the fine world.
    matrix : csr_array of shape (N, N)
        The same couplings.
    reference : RestingPoint
    evidence : ndarray of shape (N,)
        At the reference.
    response : bool
        Whether the couplings inside a unit enter its gain; else they enter its bias only.
    family : StateDistribution, "gaussian" or None
        Of the units that are not single subparticles.
    where : str
        Who asks, for messages.
    """
    level, weights, lifts = macro.level, macro.weights, macro.lifts
    starts, unit_of = level.starts[:-1], level.unit_of

    def summed(values: FloatArray) -> FloatArray:
        total: FloatArray = np.add.reduceat(values, starts)
        return total

    # Every unit as if it were a single subparticle, to the last bit; then those that are not.
    variance = by_distribution(columns.distributions, "variance", reference.arguments)
    resting = macro.of(reference.states)
    fields = np.ones(len(unit_of))
    gains = (columns.precision * variance)[starts]
    precision, bias = columns.precision[starts], columns.bias[starts]
    arguments = np.zeros(len(level))
    distributions = _first_distributions(columns, starts)
    compound = [
        unit
        for unit in compound_units(level)
        if macro.function is not None or level.sizes[unit[0]] > 1
    ]
    for number, rows, member in compound:
        answer = unit_response(
            columns,
            matrix[rows, rows] if response else None,
            rows,
            weights[rows],
            variance[rows],
            reference.arguments[rows],
            float(resting[number]),
            family,
            f"{where}, {str(member)!r}",
        )
        fields[rows], gains[number] = answer.fields, answer.gain
        distributions[number], arguments[number] = answer.distribution, answer.argument
        precision[number] = answer.precision

    couplings = _between_units(entries, unit_of, fields, lifts, len(level))
    sensed = summed(fields * evidence) + np.bincount(
        couplings.targets, couplings.weights * resting[couplings.sources], minlength=len(level)
    )
    # What the lift misses of the states of others, a single subparticle gets with its bias.
    missed = matrix @ (reference.states - macro.lifted(resting))
    alone = np.ones(len(level), dtype=np.bool_)
    alone[[number for number, _, _ in compound]] = False
    bias[alone] += summed(missed)[alone]
    for number, rows, _ in compound:
        if precision[number] > 0.0:
            bias[number] = arguments[number] / precision[number] - sensed[number]
        else:
            bias[number] = fields[rows] @ columns.bias[rows]
    settings: dict[str, Any] = {
        name: summed(weights * lifts * getattr(columns, name)) for name in SETTINGS
    }
    settings["precision"] = precision
    settings["clock"] = _clocks(weights, variance, columns.clock, starts)
    for name, values in vars(columns).items():
        if isinstance(values, np.ndarray) and values.dtype == np.object_:
            settings[name] = _shared(values, starts)
    return Aggregates(
        fields=fields,
        gains=gains,
        resting=resting,
        bias=bias,
        state=_supported(macro.of(columns.state), distributions, macro.function is None),
        settings=settings,
        distributions=tuple(distributions),
        couplings=couplings,
    )


def _first_distributions(columns: LeafColumns, starts: IntArray) -> list[StateDistribution]:
    """The distribution of the first member of each unit."""
    kinds = np.zeros(len(columns.bias), dtype=np.intp)
    for number, (_, rows) in enumerate(columns.distributions):
        kinds[rows] = number
    return [columns.distributions[kind][0] for kind in kinds[starts].tolist()]


def _between_units(
    entries: CouplingEntries, unit_of: IntArray, fields: FloatArray, lifts: FloatArray, count: int
) -> CouplingEntries:
    targets, sources = unit_of[entries.targets], unit_of[entries.sources]
    crossing = targets != sources
    weights = fields[entries.targets] * entries.weights * lifts[entries.sources]
    keys, places = np.unique((targets * count + sources)[crossing], return_inverse=True)
    learns = np.bincount(places, entries.plastic[crossing], minlength=len(keys)) > 0
    return CouplingEntries(
        count,
        (keys // count).astype(np.intp),
        (keys % count).astype(np.intp),
        np.bincount(places, weights[crossing], minlength=len(keys)).astype(np.float64),
        learns,
    )


def _clocks(
    weights: FloatArray, variance: FloatArray, clock: IntArray, starts: IntArray
) -> IntArray:
    """The clocks of units.

    A state that is drawn anew every k steps and held in between has an integrated autocorrelation
    time of k; that of a sum of independent ones is their mean, each weighted by its variance.
    """
    turns = weights * weights * variance
    silent = np.repeat(np.add.reduceat(turns, starts) == 0.0, np.diff([*starts, len(clock)]))
    turns = np.where(silent, weights * weights, turns)
    mean = np.add.reduceat(turns * clock, starts) / np.add.reduceat(turns, starts)
    return np.maximum(1, np.rint(mean)).astype(np.intp)


def _shared(names: Any, starts: IntArray) -> Any:
    """The name that the members of each unit share, or None."""
    parts = np.split(names, starts[1:])
    return np.array([part[0] if np.all(part == part[0]) else None for part in parts], np.object_)


def _supported(
    states: FloatArray, distributions: list[StateDistribution], linear: bool
) -> FloatArray:
    """The states that the world holds now, without what rounding adds to a bound."""
    if not linear:
        return states
    bounds = np.array([distribution.support for distribution in distributions])
    return np.clip(states, bounds[:, 0], bounds[:, 1])
