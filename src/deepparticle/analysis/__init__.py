"""What did a network learn? Attractors, their angles, and how well patterns are recalled."""

from deepparticle.analysis.attractors import (
    Attractors,
    attractors,
    attractors_of_each,
    distinct_states,
)
from deepparticle.analysis.geometry import (
    angles_between,
    asymmetry,
    deviation_from_orthogonality,
)
from deepparticle.analysis.recall import Recall, explained_variance, recall

__all__ = [
    "Attractors",
    "Recall",
    "angles_between",
    "asymmetry",
    "attractors",
    "attractors_of_each",
    "deviation_from_orthogonality",
    "distinct_states",
    "explained_variance",
    "recall",
]
