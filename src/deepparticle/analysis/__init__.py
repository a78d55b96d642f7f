"""What did a network learn? Attractors, their angles, and how well patterns are recalled."""

from deepparticle.analysis.attractors import (
    Attractors,
    attractors,
    attractors_of_each,
    distinct_states,
)
from deepparticle.analysis.geometry import (
    angles_between,
    deviation_from_orthogonality,
)
from deepparticle.analysis.limit_cycles import LimitCycles, limit_cycles
from deepparticle.analysis.projections import explained_by_span, projections
from deepparticle.analysis.recall import Recall, explained_variance, recall
from deepparticle.analysis.sequences import SequenceStatistics, sequence_statistics
from deepparticle.analysis.symmetry import antisymmetric_part, asymmetry, symmetric_part

__all__ = [
    "Attractors",
    "LimitCycles",
    "Recall",
    "SequenceStatistics",
    "angles_between",
    "antisymmetric_part",
    "asymmetry",
    "attractors",
    "attractors_of_each",
    "deviation_from_orthogonality",
    "distinct_states",
    "explained_by_span",
    "explained_variance",
    "limit_cycles",
    "projections",
    "recall",
    "sequence_statistics",
    "symmetric_part",
]
