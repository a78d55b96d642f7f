"""One function per figure: each takes arrays or results and returns a matplotlib Figure.

All are a column (89 mm) or a page (183 mm) wide, set in 7 to 9 points, and told apart without
colour too; see :mod:`deepparticle.figures.style`. Save one with ``figure.savefig("name.svg")``.
"""

from deepparticle.figures.appendix import delta_likelihood, density_family, mean_curve
from deepparticle.figures.basis import (
    free_energy_curves,
    network_drawing,
    orthogonal_basis,
    projections_over_time,
    recall_panel,
)
from deepparticle.figures.beliefs import belief_and_free_energy
from deepparticle.figures.densities import pair_currents, pair_densities
from deepparticle.figures.digits import digits_overview
from deepparticle.figures.faces import (
    face_gallery,
    method_bars,
    reconstruction_panel,
    retention_panel,
)
from deepparticle.figures.forgetting import (
    couplings_before_and_after,
    drift_and_diffusion,
    forgetting,
)
from deepparticle.figures.information import (
    current_field,
    entropy_production_curve,
    information_against_orthogonality,
)
from deepparticle.figures.landscapes import best_region, landscape, landscapes
from deepparticle.figures.leak import leak_against_orthogonality
from deepparticle.figures.levels import time_scales
from deepparticle.figures.regimes import (
    RegimePanel,
    attractor_gallery,
    paired_variance,
    polar_angles,
    recall_examples,
    regime_overview,
)
from deepparticle.figures.roles import particular_partition
from deepparticle.figures.scaling import capacity_curves, throughput
from deepparticle.figures.sequence import (
    attractors_beside_patterns,
    coupling_parts,
    cycle_overview,
    free_run,
)
from deepparticle.figures.slots import slots
from deepparticle.figures.summary import published_against_measured

__all__ = [
    "RegimePanel",
    "attractor_gallery",
    "attractors_beside_patterns",
    "belief_and_free_energy",
    "best_region",
    "capacity_curves",
    "coupling_parts",
    "couplings_before_and_after",
    "current_field",
    "cycle_overview",
    "delta_likelihood",
    "density_family",
    "digits_overview",
    "drift_and_diffusion",
    "entropy_production_curve",
    "face_gallery",
    "forgetting",
    "free_energy_curves",
    "free_run",
    "information_against_orthogonality",
    "landscape",
    "landscapes",
    "leak_against_orthogonality",
    "mean_curve",
    "method_bars",
    "network_drawing",
    "orthogonal_basis",
    "pair_currents",
    "pair_densities",
    "paired_variance",
    "particular_partition",
    "polar_angles",
    "projections_over_time",
    "published_against_measured",
    "recall_examples",
    "recall_panel",
    "reconstruction_panel",
    "regime_overview",
    "retention_panel",
    "slots",
    "throughput",
    "time_scales",
]
