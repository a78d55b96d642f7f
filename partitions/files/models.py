"""The words of a spec file, as pydantic models.

What the words mean is in :mod:`deepparticle.partitions.files.spec`. The models check types and
keys, nothing else: a weight that is not finite, a path that leads nowhere or a nesting that runs
in a circle can be written in this format, so that whoever reads it can name every fault of a file
(:mod:`deepparticle.partitions.files.reading`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

__all__ = [
    "FORMAT",
    "VERSION",
    "ArraysFileSpec",
    "BoundarySpec",
    "ConnectionSpec",
    "CouplingSpec",
    "DenseSpec",
    "DistributionSpec",
    "ExternalSpec",
    "MacroSpec",
    "MemberSpec",
    "MemorySpec",
    "PairsSpec",
    "PartitionSpec",
    "PopulationMemorySpec",
    "PopulationSpec",
    "SettingsSpec",
    "SparseSpec",
    "StoredSpec",
    "SubparticleSpec",
    "WorldSpec",
]

FORMAT = "deepparticle"
VERSION = 1


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredSpec(_Spec):
    """An array that lives in the ``.npz`` file beside the spec, under a key."""

    stored: StrictStr


def _in_one_word(value: object, handler: ValidatorFunctionWrapHandler) -> Any:
    # One fault for a field, not one for each form that it could have had.
    try:
        return handler(value)
    except ValidationError:
        raise PydanticCustomError("numbers", "numbers, or a stored array") from None


Vector: TypeAlias = Annotated[
    StrictFloat | tuple[StrictFloat, ...] | StoredSpec, WrapValidator(_in_one_word)
]
"""One number for all, one number for each, or a stored array of shape ``(n,)``."""

Matrix: TypeAlias = Annotated[
    tuple[tuple[StrictFloat, ...], ...] | StoredSpec, WrapValidator(_in_one_word)
]
"""Rows of numbers, or a stored array of shape ``(n, n)``."""

Indices: TypeAlias = Annotated[tuple[StrictInt, ...] | StoredSpec, WrapValidator(_in_one_word)]
"""Row numbers, or a stored array of integers."""


class SettingsSpec(_Spec):
    """The settings that a member has of its own; what is absent is inherited."""

    precision: StrictFloat | None = None
    learning_rate: StrictFloat | None = None
    clock: StrictInt | None = None
    time_step: StrictFloat | None = None
    learning_rule: StrictStr | None = None


class DistributionSpec(BaseModel):
    """A distribution by its kind; the other keys are its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: StrictStr


class MemorySpec(_Spec):
    """What a subparticle showed, sensed and inferred last, where it is not as new."""

    shown: StrictFloat | None = None
    field: StrictFloat | None = None
    evidence: StrictFloat | None = None
    argument: StrictFloat | None = None
    precision: StrictFloat | None = None


class PopulationMemorySpec(_Spec):
    """The same for a population: one number for all, or one for each member."""

    shown: Vector | None = None
    field: Vector | None = None
    evidence: Vector | None = None
    argument: Vector | None = None
    precision: Vector | None = None


class PairsSpec(_Spec):
    """Pairs of a target row and a source row."""

    targets: Indices
    sources: Indices


class DenseSpec(_Spec):
    """Couplings as a whole matrix: every off-diagonal boundary state exists."""

    layout: Literal["dense"]
    weights: Matrix


class SparseSpec(_Spec):
    """Couplings entry by entry: only these boundary states exist, zero or not."""

    layout: Literal["sparse"]
    targets: Indices
    sources: Indices
    weights: Vector


class _MemberSpec(_Spec):
    kind: str
    path: StrictStr
    parent: StrictStr | None = None


class PartitionSpec(_MemberSpec):
    """A partition."""

    kind: Literal["partition"]
    settings: SettingsSpec = SettingsSpec()
    time: StrictInt = 0


class SubparticleSpec(_MemberSpec):
    """A subparticle."""

    kind: Literal["subparticle"]
    distribution: DistributionSpec | None = None
    bias: StrictFloat = 0.0
    state: StrictFloat = 0.0
    settings: SettingsSpec = SettingsSpec()
    memory: MemorySpec = MemorySpec()


class PopulationSpec(_MemberSpec):
    """A population: array-backed subparticles ``"0"``, ``"1"`` and so on."""

    kind: Literal["population"]
    size: StrictInt
    distribution: DistributionSpec | None = None
    bias: Vector = 0.0
    state: Vector = 0.0
    couplings: Annotated[DenseSpec | SparseSpec, Field(discriminator="layout")] | None = None
    plastic: StrictBool = True
    plastic_except: PairsSpec | None = None
    settings: SettingsSpec = SettingsSpec()
    member_settings: dict[StrictStr, SettingsSpec] = Field(default_factory=dict)
    memory: PopulationMemorySpec = PopulationMemorySpec()


class ExternalSpec(_MemberSpec):
    """An external state; `process` names the function that it had, which a file cannot hold."""

    kind: Literal["external"]
    value: Vector = 0.0
    process: StrictStr | None = None
    expectation: StrictFloat | None = None


MemberSpec: TypeAlias = Annotated[
    PartitionSpec | SubparticleSpec | PopulationSpec | ExternalSpec, Field(discriminator="kind")
]
"""Any member."""


class BoundarySpec(_Spec):
    """The conditional distribution of a boundary state."""

    kind: StrictStr = "delta"
    weight: StrictFloat
    sd: StrictFloat | None = None


class _ConnectionSpec(_Spec):
    source: StrictStr
    target: StrictStr
    boundary: BoundarySpec | None = None
    made: StrictInt | None = None


class CouplingSpec(_ConnectionSpec):
    """A boundary state between two subparticles."""

    plastic: StrictBool = True


class MacroSpec(_ConnectionSpec):
    """A macro-scale state; a population at one end stands for all of its members."""

    plastic: StrictBool = False


ConnectionSpec: TypeAlias = CouplingSpec | MacroSpec
"""Any boundary state."""


class ArraysFileSpec(_Spec):
    """The file beside the spec that holds its stored arrays."""

    name: StrictStr
    sha256: StrictStr


class WorldSpec(_Spec):
    """A world, as a value.

    Parameters
    ----------
    format, version : str, int
        ``"deepparticle"`` and 1.
    name : str
        The name of the world.
    time : int
        How many steps it has made by hand.
    settings : SettingsSpec
        Settings of the world itself.
    members : tuple of MemberSpec
        Depth first, in the order in which they were added.
    couplings, sensory, active : tuple
        Boundary states between subparticles, and macro-scale ones.
    arrays_file : ArraysFileSpec, optional
        Where the stored arrays are, once saved.

    Examples
    --------
    >>> spec = WorldSpec(
    ...     format="deepparticle",
    ...     version=1,
    ...     name="world",
    ...     members=[{"kind": "subparticle", "path": "a", "parent": ""}],
    ... )
    >>> spec.members[0].path
    'a'
    """

    format: Literal["deepparticle"]
    version: Literal[1]
    name: StrictStr
    time: StrictInt = 0
    settings: SettingsSpec = SettingsSpec()
    members: tuple[MemberSpec, ...] = ()
    couplings: tuple[CouplingSpec, ...] = ()
    sensory: tuple[MacroSpec, ...] = ()
    active: tuple[MacroSpec, ...] = ()
    arrays_file: ArraysFileSpec | None = None

    _arrays: dict[str, NDArray[Any]] = PrivateAttr(default_factory=dict)

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The stored arrays by their keys; they are not part of the JSON."""
        return MappingProxyType(self._arrays)

    def with_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> WorldSpec:
        """The same spec with these stored arrays."""
        copy = self.model_copy()
        copy._arrays = dict(arrays)
        return copy

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WorldSpec):
            return NotImplemented
        return (
            self.model_dump() == other.model_dump()
            and self._arrays.keys() == other._arrays.keys()
            and all(np.array_equal(self._arrays[key], other._arrays[key]) for key in self._arrays)
        )

    __hash__ = None  # type: ignore[assignment]
