"""How does it run fast? Lowering to a program, backends, the simulator, and proof of equality."""

from deepparticle.compile.divergence import DivergenceWarning
from deepparticle.compile.lowering import flatten_rule, lower
from deepparticle.compile.program import Program
from deepparticle.compile.relaxation import Relaxation
from deepparticle.compile.run import Run
from deepparticle.compile.simulator import BACKENDS, Simulator
from deepparticle.compile.verify import Comparison, Verification, verify

__all__ = [
    "BACKENDS",
    "Comparison",
    "DivergenceWarning",
    "Program",
    "Relaxation",
    "Run",
    "Simulator",
    "Verification",
    "flatten_rule",
    "lower",
    "verify",
]
