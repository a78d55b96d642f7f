"""What did a network learn? Attractors, their angles, and how well patterns are recalled."""

from deepparticle.analysis.attractors import (
    Attractors,
    attractors,
    attractors_of_each,
    distinct_states,
)
from deepparticle.analysis.baselines import (
    Components,
    hebbian_couplings,
    linear_reconstruction,
    principal_components,
    projection_couplings,
    reconstruct_from_components,
    sanger_components,
)
from deepparticle.analysis.capacity import CapacityCurve, capacity_curve, learned_couplings
from deepparticle.analysis.geometry import (
    angles_between,
    deviation_from_orthogonality,
)
from deepparticle.analysis.information import (
    Information,
    confusion_information,
    information,
    permutation_control,
    recall_information,
)
from deepparticle.analysis.limit_cycles import LimitCycles, limit_cycles
from deepparticle.analysis.projections import explained_by_span, projections
from deepparticle.analysis.recall import Recall, correlation, explained_variance, recall
from deepparticle.analysis.retention import reconstruction, retention
from deepparticle.analysis.sequences import SequenceStatistics, sequence_statistics
from deepparticle.analysis.symmetry import antisymmetric_part, asymmetry, symmetric_part

__all__ = [
    "Attractors",
    "CapacityCurve",
    "Components",
    "Information",
    "LimitCycles",
    "Recall",
    "SequenceStatistics",
    "angles_between",
    "antisymmetric_part",
    "asymmetry",
    "attractors",
    "attractors_of_each",
    "capacity_curve",
    "confusion_information",
    "correlation",
    "deviation_from_orthogonality",
    "distinct_states",
    "explained_by_span",
    "explained_variance",
    "hebbian_couplings",
    "information",
    "learned_couplings",
    "limit_cycles",
    "linear_reconstruction",
    "permutation_control",
    "principal_components",
    "projection_couplings",
    "projections",
    "recall",
    "recall_information",
    "reconstruct_from_components",
    "reconstruction",
    "retention",
    "sanger_components",
    "sequence_statistics",
    "symmetric_part",
]
