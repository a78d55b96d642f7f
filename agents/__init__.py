"""Who infers? Internal-state distributions, subparticles, external states."""

from deepparticle.agents.array_processes import ArrayProcess, array_process
from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.environments import LinearGaussian, StochasticDifferential
from deepparticle.agents.external import ExternalState
from deepparticle.agents.gaussian import Gaussian
from deepparticle.agents.learning import register_learning_rule
from deepparticle.agents.registry import distribution_named, register_distribution
from deepparticle.agents.spin import Spin
from deepparticle.agents.streams import Stream
from deepparticle.agents.subparticle import LocalFreeEnergy, Subparticle

__all__ = [
    "ArrayProcess",
    "ContinuousBernoulli",
    "ExternalState",
    "Gaussian",
    "LinearGaussian",
    "LocalFreeEnergy",
    "Spin",
    "StateDistribution",
    "StochasticDifferential",
    "Stream",
    "Subparticle",
    "array_process",
    "distribution_named",
    "register_distribution",
    "register_learning_rule",
]
