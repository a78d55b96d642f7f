"""Patterns to learn from: images of the paper's simulations, faces, and random patterns."""

from deepparticle.datasets.faces import Faces, faces
from deepparticle.datasets.images import Digits, cross_and_bar, digits, standardised
from deepparticle.datasets.random_patterns import random_patterns

__all__ = [
    "Digits",
    "Faces",
    "cross_and_bar",
    "digits",
    "faces",
    "random_patterns",
    "standardised",
]
