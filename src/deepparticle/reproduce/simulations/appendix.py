"""The appendix: the continuous Bernoulli family, its mean, and what a delta coupling does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.polynomial.legendre import leggauss

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.reproduce.measures import Measure, Reproduction
from deepparticle.reproduce.parts import Arrays, Part
from deepparticle.reproduce.settings import Settings
from deepparticle.reproduce.simulation import Simulation

__all__ = ["APPENDIX"]

BIASES = (-6.0, -2.0, -0.5, 0.0, 0.5, 2.0, 6.0)
NODES = 200
PROMISED = (0.0, 2.5e-13)  # four of these "standard deviations" are the promised 1e-12


def by_quadrature() -> Arrays:
    """How far total probability, mean and variance are from quadrature, at worst over biases."""
    states, weights = leggauss(NODES)
    family, deviations = ContinuousBernoulli(), []
    for bias in BIASES:
        density = np.exp(bias * states - family.log_partition(bias))
        mean = weights @ (density * states)
        deviations.append(
            (
                abs(weights @ density - 1.0),
                abs(mean - family.mean(bias)),
                abs(weights @ (density * (states - mean) ** 2) - family.variance(bias)),
            )
        )
    worst = np.max(deviations, axis=0)
    return {"total": worst[0], "mean": worst[1], "variance": worst[2]}


def _parameters(settings: Settings) -> dict[str, Any]:
    return {"biases": BIASES, "nodes of the quadrature": NODES}


def _parts(settings: Settings) -> list[Part]:
    return [Part("quadrature", by_quadrature, _parameters(settings))]


def _conclude(settings: Settings, found: Mapping[str, Arrays]) -> Reproduction:
    from deepparticle import figures

    deviation = found["quadrature"]
    return Reproduction(
        tuple(
            Measure(f"{name}: |formula − quadrature|", (float(deviation[key]),), None, PROMISED)
            for name, key in (
                ("total probability", "total"),
                ("mean L(b)", "mean"),
                ("variance", "variance"),
            )
        ),
        figures={
            "density-family": figures.density_family(BIASES),
            "mean-curve": figures.mean_curve(),
            "delta-likelihood": figures.delta_likelihood(),
        },
        captions={
            "density-family": "The continuous Bernoulli density on [−1, 1] for several biases.",
            "mean-curve": "Its mean, the Langevin function L(b) = coth b − 1/b.",
            "delta-likelihood": "A delta coupling: what a boundary state says of its source.",
        },
    )


APPENDIX = Simulation(
    name="appendix",
    title="Appendix: the continuous Bernoulli family and delta couplings",
    story="The density of an internal state, its mean as a function of the bias, and the "
    "likelihood of a state under a Dirac-delta coupling; the formulas are held against quadrature.",
    seeds=(1, 1),
    parameters=_parameters,
    parts=_parts,
    conclude=_conclude,
)
