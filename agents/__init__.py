"""Who infers? Internal-state distributions, subparticles, external states."""

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.external import ExternalState
from deepparticle.agents.gaussian import Gaussian
from deepparticle.agents.learning import register_learning_rule
from deepparticle.agents.registry import distribution_named, register_distribution
from deepparticle.agents.spin import Spin
from deepparticle.agents.subparticle import LocalFreeEnergy, Subparticle

__all__ = [
    "ContinuousBernoulli",
    "ExternalState",
    "Gaussian",
    "LocalFreeEnergy",
    "Spin",
    "StateDistribution",
    "Subparticle",
    "distribution_named",
    "register_distribution",
    "register_learning_rule",
]
