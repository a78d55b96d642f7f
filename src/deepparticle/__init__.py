"""deepparticle: build, teach and compile deep particular partitions.

Objects are the definition, kernels are their shadow: build a nested partition out of explicit
objects, check it, step it by hand, compile the same graph to fast kernels, and verify that both
agree.

>>> import deepparticle as dp
>>> world = dp.Partition("world")
>>> a, b = world.add_subparticle("a", bias=0.2), world.add_subparticle("b")
>>> _ = world.couple(a, b, 0.8)
>>> b.sensory["a"].boundary is a.active["b"].boundary
True
"""

from __future__ import annotations

from pathlib import Path as _Path

# A checkout that lost its symbolic links (some clones on Windows) finds the rooms at its root.
if not (_Path(__file__).parent / "partitions").is_dir():  # pragma: no cover
    __path__.append(str(_Path(__file__).parents[2]))

from deepparticle import analysis, datasets, derivation, figures
from deepparticle._version import __version__
from deepparticle.agents import (
    ArrayProcess,
    ContinuousBernoulli,
    ExternalState,
    Gaussian,
    LinearGaussian,
    Spin,
    StateDistribution,
    StochasticDifferential,
    Stream,
    Subparticle,
    array_process,
    register_distribution,
    register_learning_rule,
)
from deepparticle.blankets import (
    ActiveState,
    Blanket,
    BlanketError,
    Boundary,
    BoundaryConditional,
    Delta,
    DivergenceError,
    Fault,
    GaussianBoundary,
    PartitionError,
    SensoryState,
    SettingError,
    SettingTypeError,
    UnknownPathError,
)
from deepparticle.compile import (
    DivergenceWarning,
    Program,
    Relaxation,
    Run,
    Simulator,
    Verification,
    lower,
    register_backend,
    verify,
)
from deepparticle.partitions import (
    Certificate,
    Coarsening,
    Flows,
    Level,
    OtherPartition,
    Partition,
    Population,
    Proposal,
    discover,
    from_couplings,
    from_networkx,
    lattice_couplings,
    load,
    propose_partition,
    register_schedule,
)

__all__ = [
    "ActiveState",
    "ArrayProcess",
    "Blanket",
    "BlanketError",
    "Boundary",
    "BoundaryConditional",
    "Certificate",
    "Coarsening",
    "ContinuousBernoulli",
    "Delta",
    "DivergenceError",
    "DivergenceWarning",
    "ExternalState",
    "Fault",
    "Flows",
    "Gaussian",
    "GaussianBoundary",
    "Level",
    "LinearGaussian",
    "OtherPartition",
    "Partition",
    "PartitionError",
    "Population",
    "Program",
    "Proposal",
    "Relaxation",
    "Run",
    "SensoryState",
    "SettingError",
    "SettingTypeError",
    "Simulator",
    "Spin",
    "StateDistribution",
    "StochasticDifferential",
    "Stream",
    "Subparticle",
    "UnknownPathError",
    "Verification",
    "__version__",
    "analysis",
    "array_process",
    "datasets",
    "derivation",
    "discover",
    "figures",
    "from_couplings",
    "from_networkx",
    "lattice_couplings",
    "load",
    "lower",
    "propose_partition",
    "register_backend",
    "register_distribution",
    "register_learning_rule",
    "register_schedule",
    "verify",
]
