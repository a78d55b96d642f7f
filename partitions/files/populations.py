"""From the spec of a population, and the arrays beside it, to the population."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepparticle.agents.distribution import StateDistribution
from deepparticle.partitions.collecting import Collector, shown
from deepparticle.partitions.files import models
from deepparticle.partitions.files.writing import MEMORY
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.population import Population

__all__ = ["ArrayReader", "add_population"]

Place = Callable[..., str]
"""``place("bias")`` says where a key of this member is in the file."""


class ArrayReader:
    """Turns the numbers of a spec into arrays of a known shape.

    Parameters
    ----------
    arrays : mapping
        The stored arrays by their keys.
    collector : Collector
        Where faults go.

    Examples
    --------
    >>> ArrayReader({}, Collector()).read((1.0, 2.0), (2,), "bias")
    array([1., 2.])
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], collector: Collector) -> None:
        self.arrays = arrays
        self.collector = collector

    def read(
        self, value: Any, shape: tuple[int | None, ...], where: str, *, whole: bool = False
    ) -> NDArray[Any] | None:
        """The numbers as an array, or None with a fault noted.

        Parameters
        ----------
        value : float, tuple or StoredSpec
            What the spec holds.
        shape : tuple of int or None
            The shape that it must have; None admits any length.
        where : str
            Its place in the file.
        whole : bool
            Whether it holds whole numbers, row numbers for example.
        """
        found = self._found(value, shape, where)
        if found is None:
            return None
        add = self.collector.add
        if found.dtype.kind not in ("iu" if whole else "fiu") and found.size:
            add(
                where,
                f"it holds {'whole ' if whole else ''}numbers",
                f"an array of {found.dtype}",
                "save the world again",
            )
            return None
        if len(found.shape) != len(shape) or any(
            side is not None and side != length
            for side, length in zip(shape, found.shape, strict=True)
        ):
            wanted = "(" + ", ".join("n" if side is None else str(side) for side in shape) + ")"
            wanted = wanted.replace(",)", ")") if len(shape) > 1 else wanted.replace(")", ",)")
            add(where, f"it has shape {wanted}", f"shape {found.shape}", "give one number for each")
            return None
        if not whole and not np.all(np.isfinite(found)):
            index = np.argwhere(~np.isfinite(found))[0].tolist()
            add(
                where,
                "its numbers are finite",
                f"{found[tuple(index)]} at {index}",
                "replace NaN and inf",
            )
            return None
        return found.astype(np.intp if whole else np.float64)

    def _found(self, value: Any, shape: tuple[int | None, ...], where: str) -> NDArray[Any] | None:
        if isinstance(value, models.StoredSpec):
            if value.stored not in self.arrays:
                self.collector.add(
                    where,
                    "a stored array is in the file of arrays",
                    f"no array {value.stored!r}",
                    "save the world again",
                )
                return None
            return np.asarray(self.arrays[value.stored])
        if isinstance(value, float) and None not in shape:
            return np.full([side for side in shape if side is not None], value)
        try:
            return np.array(value)
        except ValueError:
            self.collector.add(
                where,
                "all rows of a matrix are equally long",
                shown(value),
                "give one number for each pair",
            )
            return None


def add_population(
    parent: Partition,
    name: str,
    spec: models.PopulationSpec,
    distribution: StateDistribution | None,
    reader: ArrayReader,
    place: Place,
) -> Population | None:
    """Add the population that `spec` describes, with what is usable of it.

    Returns
    -------
    Population or None
        None if it has no size; faults are in the collector of `reader`.
    """
    size, collector = spec.size, reader.collector
    if size < 1:
        collector.add(
            place("size"), "a population has at least one member", str(size), "give a size ≥ 1"
        )
        return None
    bias = reader.read(spec.bias, (size,), place("bias"))
    couplings = _couplings(spec, size, reader, place)
    population = parent.add_population(
        name,
        size,
        couplings=couplings,
        bias=0.0 if bias is None else bias,
        distribution=distribution,
        plastic=spec.plastic,
    )
    # Without its distribution nobody knows where its states may lie.
    _set_states(population, spec, distribution is not None, reader, place)
    if spec.plastic_except is not None:
        pairs = _pairs(spec.plastic_except, size, reader, lambda key: place("plastic_except", key))
        for target, source in zip(*pairs, strict=True) if pairs else ():
            population.set_plastic(int(target), int(source), not spec.plastic)
    for row, settings in spec.member_settings.items():
        if population.find(row) is None:
            collector.add(
                place("member_settings", row),
                "settings belong to a member",
                repr(row),
                f"name a row from 0 to {size - 1}",
            )
        else:
            set_settings(
                population[row],
                settings,
                collector,
                lambda key, row=row: place("member_settings", row, key),
            )
    return population


def set_settings(
    member: Any, settings: models.SettingsSpec, collector: Collector, place: Place
) -> None:
    """Give a member the settings that its spec holds."""
    for key, value in settings.model_dump(exclude_none=True).items():
        with collector.at(place(key)):
            setattr(member, key, value)


def _set_states(
    population: Population,
    spec: models.PopulationSpec,
    known: bool,
    reader: ArrayReader,
    place: Place,
) -> None:
    size, cells = population.size, population.cells
    state = reader.read(spec.state, (size,), place("state"))
    low, high = population.distribution.support
    if state is not None and known:
        outside = np.flatnonzero((state < low) | (state > high))
        if outside.size:
            row = int(outside[0])
            reader.collector.add(
                place("state"),
                f"the states of {population.distribution!r} lie in [{low:g}, {high:g}]",
                f"{state[row]} at [{row}]",
                "give states inside the support",
            )
        else:
            cells["_state"][:] = cells["_emitted"][:] = state
    for word, cell in MEMORY.items():
        value = getattr(spec.memory, word)
        if value is not None:
            kept = reader.read(value, (size,), place("memory", word))
            if kept is not None:
                cells[cell][:] = kept


def _couplings(spec: models.PopulationSpec, size: int, reader: ArrayReader, place: Place) -> Any:
    """A dense or a sparse matrix, or None."""
    given, collector = spec.couplings, reader.collector
    if given is None:
        return None

    def key_of(key: str) -> str:
        return place("couplings", key)

    if isinstance(given, models.DenseSpec):
        matrix = reader.read(given.weights, (size, size), key_of("weights"))
        if matrix is not None and np.any(np.diagonal(matrix)):
            row = int(np.flatnonzero(np.diagonal(matrix))[0])
            collector.add(
                key_of("weights"),
                "a subparticle is not coupled to itself",
                f"{matrix[row, row]:g} at [{row}, {row}]",
                "set the diagonal to 0",
            )
            return None
        return matrix
    pairs = _pairs(given, size, reader, key_of)
    if pairs is None:
        return None
    targets, sources = pairs
    weights = reader.read(given.weights, targets.shape, key_of("weights"))
    if weights is None:
        return None
    loops = np.flatnonzero(targets == sources)
    if loops.size:
        row = int(targets[loops[0]])
        collector.add(
            place("couplings"),
            "a subparticle is not coupled to itself",
            f"weight {weights[loops[0]]:g} at [{row}, {row}]",
            "leave it out",
        )
        return None
    import scipy.sparse

    return scipy.sparse.coo_array((weights, (targets, sources)), shape=(size, size))


def _pairs(
    spec: models.PairsSpec | models.SparseSpec, size: int, reader: ArrayReader, place: Place
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    targets = reader.read(spec.targets, (None,), place("targets"), whole=True)
    shape = (None,) if targets is None else targets.shape
    sources = reader.read(spec.sources, shape, place("sources"), whole=True)
    if targets is None or sources is None:
        return None
    add = reader.collector.add
    for word, rows in (("targets", targets), ("sources", sources)):
        outside = np.flatnonzero((rows < 0) | (rows >= size))
        if outside.size:
            add(
                place(word),
                f"its row numbers lie between 0 and {size - 1}",
                f"{rows[outside[0]]} at [{outside[0]}]",
                "name members of this population",
            )
            return None
    codes, counts = np.unique(targets * size + sources, return_counts=True)
    if np.any(counts > 1):
        target, source = divmod(int(codes[np.argmax(counts > 1)]), size)
        add(
            place("targets"),
            "a coupling is made once",
            f"[{target}, {source}] twice",
            "leave one of them out",
        )
        return None
    return targets, sources
