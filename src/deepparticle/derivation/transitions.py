r"""How probable a step is, pointwise: the logarithm of a transition's density.

.. math:: \ln T(\sigma \to \sigma') = \sum_i \theta_i(\sigma)\,\sigma'_i - \ln Z_i(\theta_i(\sigma))

over the rows that update, against the base measure, whose share is the same on the way back. The
normalisers are integrals (:mod:`deepparticle.derivation.beliefs`), not log-partitions in closed
form: where these occur on the other side of an equation they are put to the test.
"""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.derivation.beliefs import log_normalisers
from deepparticle.derivation.subject import Subject

__all__ = ["log_transition"]


def log_transition(
    subject: Subject, old: FloatArray, new: FloatArray, rows: BoolArray | None = None
) -> FloatArray:
    """The logarithm of the density of a step in which some rows update at once, in nats.

    Parameters
    ----------
    subject : Subject
    old, new : ndarray of shape (..., N)
    rows : ndarray of bool, broadcasts to (..., N), optional
        Which rows update, each seeing the old states; all by default.

    Returns
    -------
    ndarray of shape (...)

    Examples
    --------
    >>> from deepparticle.derivation.subject import subject_of
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> _ = world.add_subparticle("a")
    >>> log_transition(subject_of(world), np.array([0.0]), np.array([0.4])).round(6)  # ln ½
    np.float64(-0.693147)
    """
    arguments = subject.argument(old)
    logs = arguments * new - log_normalisers(subject, arguments)
    found: FloatArray = np.sum(logs if rows is None else np.where(rows, logs, 0.0), axis=-1)
    return found
