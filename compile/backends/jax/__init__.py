"""The ``jax`` backend: whole blocks of steps compiled by XLA, for CPU, GPU and several devices.

JAX is imported in this package only; the rest of the library does without it.
"""

from deepparticle.compile.backends.jax.backend import JaxBackend
from deepparticle.compile.backends.jax.distributions import Kernels, jax_kernels

__all__ = ["JaxBackend", "Kernels", "jax_kernels"]
