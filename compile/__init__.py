"""How does it run fast? Lowering to a program, backends, the simulator, and proof of equality."""

from deepparticle.compile.backends.base import Backend, Block, Trace, Variables
from deepparticle.compile.backends.choosing import register_backend
from deepparticle.compile.backends.stepping import StepInput, SteppingBackend
from deepparticle.compile.divergence import DivergenceWarning
from deepparticle.compile.groups import group_map
from deepparticle.compile.lowering import flatten_rule, lower
from deepparticle.compile.program import Program
from deepparticle.compile.relaxation import Relaxation
from deepparticle.compile.run import Run
from deepparticle.compile.simulator import BACKENDS, Simulator
from deepparticle.compile.verify import Comparison, Verification, verify

__all__ = [
    "BACKENDS",
    "Backend",
    "Block",
    "Comparison",
    "DivergenceWarning",
    "Program",
    "Relaxation",
    "Run",
    "Simulator",
    "StepInput",
    "SteppingBackend",
    "Trace",
    "Variables",
    "Verification",
    "flatten_rule",
    "group_map",
    "lower",
    "register_backend",
    "verify",
]
