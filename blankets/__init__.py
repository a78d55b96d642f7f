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
from deepparticle.blankets.conditional import BoundaryConditional, Delta, GaussianBoundary
from deepparticle.blankets.errors import (
    BlanketError,
    DivergenceError,
    Fault,
    PartitionError,
    SettingError,
    SettingTypeError,
    UnknownPathError,
)
from deepparticle.blankets.gaussian import (
    conditional_information,
    equal_time_graph,
    partial_correlations,
)
from deepparticle.blankets.independence import path_independent
from deepparticle.blankets.laws import ParticularPartition, graph_faults, particular_partition
from deepparticle.blankets.leaks import leaking_paths
from deepparticle.blankets.linear import (
    covariance_of_flow,
    covariance_of_steps,
    moral_graph,
    pathwise_graph_of_flow,
    pathwise_graph_of_steps,
)

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
    "GaussianBoundary",
    "ParticularPartition",
    "PartitionError",
    "SensoryState",
    "SettingError",
    "SettingTypeError",
    "UnknownPathError",
    "conditional_information",
    "covariance_of_flow",
    "covariance_of_steps",
    "equal_time_graph",
    "graph_faults",
    "leaking_paths",
    "moral_graph",
    "partial_correlations",
    "particular_partition",
    "path_independent",
    "pathwise_graph_of_flow",
    "pathwise_graph_of_steps",
]
