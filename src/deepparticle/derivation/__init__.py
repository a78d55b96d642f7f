"""The derivation, step by step: each step states, proves, and checks itself on your own partition.

>>> import deepparticle as dp
>>> world = dp.from_couplings([[0.0, 1.0], [1.0, 0.0]], bias=[0.5, 0.0])
>>> dp.derivation.step("joint-law").check(world).holds
True
"""

from deepparticle.derivation.argument import STEPS, dependencies, step
from deepparticle.derivation.argument_map import draw_dependencies
from deepparticle.derivation.assumptions import ASSUMPTIONS, Assumption
from deepparticle.derivation.check import Check, Condition, CounterExample
from deepparticle.derivation.proof import Line, Proof
from deepparticle.derivation.step import Step
from deepparticle.derivation.trace import ParticleTrace, Sensed, Trace, trace
from deepparticle.derivation.walk import Walk, walk

__all__ = [
    "ASSUMPTIONS",
    "STEPS",
    "Assumption",
    "Check",
    "Condition",
    "CounterExample",
    "Line",
    "ParticleTrace",
    "Proof",
    "Sensed",
    "Step",
    "Trace",
    "Walk",
    "dependencies",
    "draw_dependencies",
    "step",
    "trace",
    "walk",
]
