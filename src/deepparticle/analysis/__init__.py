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
from deepparticle.analysis.circulation import Circulation, circulation, circulation_of
from deepparticle.analysis.currents import Currents, probability_currents
from deepparticle.analysis.entropy_production import EntropyProduction, entropy_production
from deepparticle.analysis.exact_currents import ExactCurrents, exact_currents
from deepparticle.analysis.exact_entropy_production import exact_entropy_production
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
from deepparticle.analysis.laws import StationaryLaw, total_variation
from deepparticle.analysis.levels import Estimate, LevelComparison, compare_levels
from deepparticle.analysis.limit_cycles import LimitCycles, limit_cycles
from deepparticle.analysis.moment_distance import MomentDistance
from deepparticle.analysis.moments import Moments, moments
from deepparticle.analysis.projections import explained_by_span, projections
from deepparticle.analysis.recall import Recall, correlation, explained_variance, recall
from deepparticle.analysis.retention import reconstruction, retention
from deepparticle.analysis.sequences import SequenceStatistics, sequence_statistics
from deepparticle.analysis.stationary_law import stationary_law
from deepparticle.analysis.steady_state import SteadyState, steady_state
from deepparticle.analysis.symmetry import antisymmetric_part, asymmetry, symmetric_part
from deepparticle.analysis.time_scales import TimeScales, autocorrelation_time, time_scales
from deepparticle.analysis.two_sample import TwoSampleTest, two_sample_test

__all__ = [
    "Attractors",
    "CapacityCurve",
    "Circulation",
    "Components",
    "Currents",
    "EntropyProduction",
    "Estimate",
    "ExactCurrents",
    "Information",
    "LevelComparison",
    "LimitCycles",
    "MomentDistance",
    "Moments",
    "Recall",
    "SequenceStatistics",
    "StationaryLaw",
    "SteadyState",
    "TimeScales",
    "TwoSampleTest",
    "angles_between",
    "antisymmetric_part",
    "asymmetry",
    "attractors",
    "attractors_of_each",
    "autocorrelation_time",
    "capacity_curve",
    "circulation",
    "circulation_of",
    "compare_levels",
    "confusion_information",
    "correlation",
    "deviation_from_orthogonality",
    "distinct_states",
    "entropy_production",
    "exact_currents",
    "exact_entropy_production",
    "explained_by_span",
    "explained_variance",
    "hebbian_couplings",
    "information",
    "learned_couplings",
    "limit_cycles",
    "linear_reconstruction",
    "moments",
    "permutation_control",
    "principal_components",
    "probability_currents",
    "projection_couplings",
    "projections",
    "recall",
    "recall_information",
    "reconstruct_from_components",
    "reconstruction",
    "retention",
    "sanger_components",
    "sequence_statistics",
    "stationary_law",
    "steady_state",
    "symmetric_part",
    "time_scales",
    "total_variation",
    "two_sample_test",
]
