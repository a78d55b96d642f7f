"""What separates two things? Boundary states, Markov blankets, their laws, and the errors."""

from deepparticle.blankets.blanket import Blanket
from deepparticle.blankets.boundary import (
    ActiveState,
    Boundary,
    BoundaryEnd,
    BoundaryViews,
    ExplicitBoundary,
    SensoryState,
)
from deepparticle.blankets.conditional import BoundaryConditional, Delta
from deepparticle.blankets.errors import (
    BlanketError,
    DivergenceError,
    Fault,
    PartitionError,
    SettingError,
    SettingTypeError,
    UnknownPathError,
)
from deepparticle.blankets.independence import path_independent
from deepparticle.blankets.laws import ParticularPartition, graph_faults, particular_partition

__all__ = [
    "ActiveState",
    "Blanket",
    "BlanketError",
    "Boundary",
    "BoundaryConditional",
    "BoundaryEnd",
    "BoundaryViews",
    "Delta",
    "DivergenceError",
    "ExplicitBoundary",
    "Fault",
    "ParticularPartition",
    "PartitionError",
    "SensoryState",
    "SettingError",
    "SettingTypeError",
    "UnknownPathError",
    "graph_faults",
    "particular_partition",
    "path_independent",
]
