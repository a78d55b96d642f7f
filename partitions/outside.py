r"""What lies outside of each subparticle: the variables that it must not depend on.

Given its own blanket, :math:`s_{ij}` and :math:`u_i`, a subparticle depends on nothing else. The
variables to ask are the states of all subparticles and of the external states. Those that its
blanket determines (behind a Dirac boundary state whose weight is not 0) are *known* to it: that it
is independent of them, given them, is vacuous. Those behind any boundary state whose weight is not
0, noisy or not, it *follows*: how, is declared.

An external state with one value for all is one variable. One with a value for each of those who
sense it is as many, each known to one of them. Where only the sums :math:`u` are given, as an array
over subparticles, the variables are these sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.member import Member
from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.errors import BlanketError, Fault, SettingError, SettingTypeError
from deepparticle.blankets.naming import unknown_path
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.borders import Borders
from deepparticle.partitions.columns import ExternalColumns, external_columns

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["Outside", "outside_of"]

_WHERE = "certify, evidence"

# Sums that are the same up to a factor and a constant, in correlation.
_SAME = 1e-10


@dataclass(frozen=True, eq=False)
class Outside:
    """The variables of a world, of which each subparticle knows some.

    Parameters
    ----------
    names : tuple of str
        Those of the external variables; the others are the subparticles, in row order.
    series : ndarray of shape (steps, chains, M)
        The external variables, in the step that made each of the states.
    known : ndarray of bool, shape (N, N + M)
        Whether a variable (column) is determined by the blanket of a subparticle (row).
    followed : ndarray of bool, shape (N, N + M)
        The same with those that it senses through noise.
    evidence : ndarray of shape (steps, chains, N)
        What each subparticle sensed at the macro scale, :math:`u`.
    """

    names: tuple[str, ...]
    series: FloatArray
    known: BoolArray
    followed: BoolArray
    evidence: FloatArray


def outside_of(
    world: Partition,
    borders: Borders,
    paths: Sequence[str],
    shape: tuple[int, ...],
    evidence: Any,
) -> Outside:
    """The variables of a world during a run.

    Parameters
    ----------
    world : Partition
    borders : Borders
        Of this world.
    paths : sequence of str
        Those of its subparticles.
    shape : tuple of int
        The states have shape ``(*shape, N)``: steps, and what axes there are of networks and
        chains.
    evidence : None, array_like or mapping
        None: what the external states hold. An array that broadcasts to ``(*shape, N)``: the sums
        :math:`u`. A mapping ``{external: values}``, by path or object, of arrays that broadcast to
        ``(*shape, k)``, k being 1 or the number of subparticles that sense it; the others hold what
        they hold.

    Raises
    ------
    SettingError, SettingTypeError, BlanketError
        For another shape, no numbers, a name that is not there, evidence that bypasses a blanket,
        or where a process answered and its answers are not given.
    """
    count = len(paths)
    entries = borders.entries
    known, followed = np.zeros((2, count, count), dtype=np.bool_)
    known[entries.targets, entries.sources] = borders.known
    followed[entries.targets, entries.sources] = entries.weights != 0.0
    if evidence is None or isinstance(evidence, Mapping):
        names, series, knows, sums = _by_external(world, borders, paths, shape, evidence or {})
    else:
        names, series, knows, sums = _by_row(borders, paths, shape, evidence)
    return Outside(
        tuple(names),
        _chained(series, shape),
        np.concatenate([known, knows], axis=1),
        np.concatenate([followed, knows], axis=1),
        _chained(sums, shape),
    )


_Found = tuple[list[str], FloatArray, BoolArray, FloatArray]


def _by_external(
    world: Partition,
    borders: Borders,
    paths: Sequence[str],
    shape: tuple[int, ...],
    evidence: Mapping[Any, Any],
) -> _Found:
    given: dict[str, Any] = {}
    known_names = [external.path for external in world.externals]
    for key, value in evidence.items():
        path = key.path if isinstance(key, Member) and key.root is world else str(key)
        if path not in known_names:
            raise unknown_path(_WHERE, path, known_names)
        given[path] = value
    names: list[str] = []
    series: list[FloatArray] = []
    knows: list[BoolArray] = []
    sums = np.zeros((*shape, len(paths)))
    for number, external in enumerate(world.externals):
        columns = external_columns(world, external)
        if external.path in given:
            values = _broadcast(given[external.path], shape, columns, external.path)
        elif external.process is None:
            values = np.broadcast_to(
                np.atleast_1d(external.value), (*shape, np.size(external.value))
            )
        elif len(columns.sensing):
            raise SettingError(
                Fault(
                    f"certify, {external.path!r}",
                    "what a process answered is given, since a run does not record it",
                    "no evidence for it",
                    f"give evidence={{{external.path!r}: values}} of shape {(*shape, 1)}",
                )
            )
        else:
            continue
        sums[..., columns.sensing] += columns.sensing_weights * values
        senses = np.zeros(len(paths), dtype=np.bool_)
        senses[borders.senses(number)] = True
        if values.shape[-1] == 1:
            names.append(external.path)
            knows.append(senses[:, None])
        else:
            names += [f"{external.path}[{paths[row]}]" for row in columns.sensing.tolist()]
            own = np.zeros((len(paths), len(columns.sensing)), dtype=np.bool_)
            own[columns.sensing, np.arange(len(columns.sensing))] = senses[columns.sensing]
            knows.append(own)
        series.append(values)
    if not series:
        empty = np.zeros((len(paths), 0), dtype=np.bool_)
        return names, np.zeros((*shape, 0)), empty, sums
    return names, np.concatenate(series, axis=-1), np.concatenate(knows, axis=1), sums


def _broadcast(
    value: Any, shape: tuple[int, ...], columns: ExternalColumns, path: str
) -> FloatArray:
    array = _numbers(value, f"{_WHERE}[{path!r}]")
    sizes = sorted({1, len(columns.sensing)})
    for size in (1, len(columns.sensing)):
        try:
            return np.broadcast_to(array, (*shape, size))
        except ValueError:
            continue
    wanted = " or ".join(str((*shape, size)) for size in sizes)
    raise SettingError(
        Fault(
            f"{_WHERE}[{path!r}]",
            f"the values broadcast to {wanted}: steps first, those who sense it last",
            f"shape {array.shape}",
            f"give shape {(*shape, 1)} for one number per step and chain",
        )
    )


def _by_row(
    borders: Borders, paths: Sequence[str], shape: tuple[int, ...], evidence: Any
) -> _Found:
    count = len(paths)
    array = _numbers(evidence, _WHERE)
    try:
        sums = np.broadcast_to(array, (*shape, count))
    except ValueError:
        raise SettingError(
            Fault(
                _WHERE,
                f"evidence broadcasts to {(*shape, count)}: steps first, subparticles last",
                f"shape {array.shape}",
                "give what the run was given, or a dict of external states",
            )
        ) from None
    flat = sums.reshape(-1, count)
    senses = np.zeros(count, dtype=np.bool_)
    for external in borders.externals:
        senses[external_columns(borders.world, external).sensing] = True
    bypassing = np.flatnonzero(np.any(flat != 0.0, axis=0) & ~senses)
    if len(bypassing):
        path = paths[int(bypassing[0])]
        raise BlanketError(
            Fault(
                f"{_WHERE}, {path!r}",
                "evidence reaches a subparticle only through a macro-scale sensory state, and it "
                "senses nothing",
                f"evidence in row {int(bypassing[0])}",
                f"connect it with world.sense(external, {path!r}), or give 0",
            )
        )
    varying = np.flatnonzero(np.ptp(flat, axis=0) > 0.0)
    names = [f"the evidence of {paths[row]}" for row in varying.tolist()]
    knows = np.zeros((count, len(varying)), dtype=np.bool_)
    if len(varying):
        same = np.abs(np.atleast_2d(np.corrcoef(flat[:, varying].T))) > 1.0 - _SAME
        knows[varying] = same
    return names, sums[..., varying], knows, sums


def _numbers(value: Any, where: str) -> FloatArray:
    try:
        array = real_array(value)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(where, "evidence holds numbers", repr(value)[:60], "give an array of floats")
        ) from None
    if not np.all(np.isfinite(array)):
        raise SettingError(Fault(where, "evidence is finite", "NaN or inf", "replace NaN and inf"))
    return array


def _chained(values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    return values.reshape(shape[0], math.prod(shape[1:]), values.shape[-1])
