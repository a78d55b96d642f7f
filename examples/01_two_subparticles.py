"""Two subparticles, exactly: one step by hand, then two schedules with two different laws.

Two internal states, two boundary states between them, nothing else. That is small enough to
integrate over, so that every statement about the long run can be held against the truth:

* updating one after the other ("sequential", or "random") samples Boltzmann's law,
* updating both at once ("synchronous") samples Little's law, which has the same means here and
  another correlation,
* couplings that are not symmetric have neither, although the joint density that one would write
  down contains only their symmetric part.

Run it with ``python examples/01_two_subparticles.py``; it takes a few seconds.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

BIASES = (0.5, -0.2)
COUPLING = 2.0
CHAINS, BURN_IN, STEPS = 4000, 40, 60


def build(to_b: float = COUPLING, to_a: float = COUPLING) -> dp.Partition:
    """Two subparticles; `to_b` is the coupling from a to b, `to_a` the one back."""
    world = dp.Partition("pair")
    a = world.add_subparticle("a", bias=BIASES[0])
    b = world.add_subparticle("b", bias=BIASES[1])
    world.couple(a, b, to_b)
    world.couple(b, a, to_a)
    world.check()
    return world


# ------------------------------------------------------------------------------ by hand


def one_step_by_hand() -> None:
    """Do what `world.step()` does for one particle, and look at every number."""
    world = build()
    a, b = world["a"], world["b"]
    a.state = 0.8  # shown to its active states at once

    print("One step of b by hand, a holds 0.8")
    # The sensory state of b from a and the active state of a on b are one object, seen twice.
    boundary = b.sensory["a"].boundary
    assert boundary is a.active["b"].boundary
    print(f"  boundary state   s_ba = a_ab = J_ba σ_a = {boundary.state:+.4f}")
    b.sense()
    print(f"  b.sense()        h_b = b_b + s_ba       = {b.field:+.4f}")
    b.infer(uniform=0.25)  # the random number is passed in; without one: the expectation
    print(f"  b.infer(0.25)    a draw from CB(θ = {b.argument:.2f})  = {b.state:+.4f}")
    print(f"                   its expectation L(θ)   = {b.distribution.mean(b.argument):+.4f}")
    print(f"  a still senses   s_ab = {a.sensory['b'].state:+.4f}, for b has not acted yet")
    b.act()
    print(f"  b.act()          s_ab = J_ab σ_b        = {a.sensory['b'].state:+.4f}")
    free = b.free_energy()
    print(
        f"  free energy      complexity {free.complexity:.4f} − accuracy {free.accuracy:.4f} "
        f"= {free.value:+.4f} nats"
    )
    elsewhere = b.free_energy(variational_bias=b.argument - 1.0)
    print(f"                   at any other belief it is larger: {elsewhere.value:+.4f}")
    b.learn(learning_rate=0.1)
    print(f"  b.learn(0.1)     ε = σ_b − L(h_b) = {b.prediction_error:+.4f}")
    print(f"                   J_ba += 0.1 ε σ_a: 2 → {b.sensory['a'].weight:.4f}")


# ------------------------------------------------------------------------------ exactly


@dataclass(frozen=True)
class Law:
    """A density on the square, at the nodes of a quadrature."""

    nodes: Array
    mass: Array

    def expectation(self, values: Array) -> float:
        """The mean of `values`, given at the nodes."""
        return float((self.mass * values).sum())


def exact_law(kind: str) -> Law:
    """Little's or Boltzmann's law of the symmetric pair, by Gauss-Legendre quadrature.

    Boltzmann: p ∝ exp(b·σ + ½ σᵀJσ). Little: p ∝ exp(b·σ) Π_i 2 sinh θ_i / θ_i, θ = b + Jσ.
    """
    nodes, weights = np.polynomial.legendre.leggauss(80)
    x, y = np.meshgrid(nodes, nodes, indexing="ij")
    log_density = BIASES[0] * x + BIASES[1] * y
    if kind == "Boltzmann":
        log_density += COUPLING * x * y  # ½ σᵀJσ: both couplings, halved
    else:
        phi = dp.ContinuousBernoulli().log_partition
        log_density += phi(BIASES[0] + COUPLING * y) + phi(BIASES[1] + COUPLING * x)
    mass = np.outer(weights, weights) * np.exp(log_density)
    return Law(nodes, mass / mass.sum())


def correlation(law: Law) -> float:
    x, y = np.meshgrid(law.nodes, law.nodes, indexing="ij")
    mean_x, mean_y = law.expectation(x), law.expectation(y)
    covariance = law.expectation((x - mean_x) * (y - mean_y))
    spread = law.expectation((x - mean_x) ** 2) * law.expectation((y - mean_y) ** 2)
    return covariance / float(np.sqrt(spread))


# ------------------------------------------------------------------------------ sampled


def sample(world: dp.Partition, schedule: str, seed: int) -> Array:
    """States of shape (STEPS, CHAINS, 2), after burn-in."""
    simulator = dp.Simulator(world, schedule=schedule, chains=CHAINS, seed=seed)
    run = simulator.infer(steps=STEPS, burn_in=BURN_IN, record="states")
    return run.states


def sampled_correlation(states: Array) -> float:
    return float(np.asarray(np.corrcoef(states.reshape(-1, 2).T))[0, 1])


def compare(seed: int) -> dict[str, tuple[Array, Law]]:
    print(f"\nThe long run: {CHAINS} chains × {STEPS} steps, symmetric couplings of {COUPLING:g}")
    print(f"  {'schedule':<13}{'law':<11}{'quantity':<12}{'exact':>9}{'sampled':>10}{'± s.e.':>9}")
    results = {}
    for schedule, kind in (
        ("sequential", "Boltzmann"),
        ("random", "Boltzmann"),
        ("synchronous", "Little"),
    ):
        states, law = sample(build(), schedule, seed), exact_law(kind)
        results[schedule] = (states, law)
        x, y = np.meshgrid(law.nodes, law.nodes, indexing="ij")
        for name, values, exact in (
            ("⟨σ_a⟩", states[..., 0], law.expectation(x)),
            ("⟨σ_b⟩", states[..., 1], law.expectation(y)),
            ("⟨σ_a σ_b⟩", states.prod(axis=-1), law.expectation(x * y)),
        ):
            # Chains are independent of each other; the steps of one chain are not.
            means = values.mean(axis=0)
            error = float(means.std(ddof=1) / np.sqrt(CHAINS))
            print(
                f"  {schedule:<13}{kind:<11}{name:<12}{exact:>9.4f}{means.mean():>10.4f}"
                f"{error:>9.4f}"
            )
        sampled = sampled_correlation(states)
        print(
            f"  {schedule:<13}{kind:<11}{'correlation':<12}{correlation(law):>9.4f}{sampled:>10.4f}"
        )
    print("  Synchronously, σ_a at one step depends on σ_b of the step before and the other way")
    print("  round: two interleaved histories that never meet. Hence no correlation at one time.")
    return results


def without_symmetry(seed: int) -> None:
    print("\nThe same symmetric part, plus an antisymmetric one: J_ba = 4, J_ab = 0")
    world = build(to_b=2 * COUPLING, to_a=0.0)
    for schedule in ("synchronous", "sequential", "random"):
        states = sample(world, schedule, seed)
        print(f"  {schedule:<13}correlation {sampled_correlation(states):+.3f}")
    boltzmann = correlation(exact_law("Boltzmann"))
    print(f"  Boltzmann's law of the symmetric part would be {boltzmann:+.3f} in each row.")


# ------------------------------------------------------------------------------ pictures


def panel(ax: Axes, states: Array, law: Law, title: str) -> None:
    """Samples as a histogram, the exact law as lines of equal density."""
    samples = states.reshape(-1, 2)
    edges = np.linspace(-1.0, 1.0, 41)
    counts, _, _ = np.histogram2d(samples[:, 0], samples[:, 1], bins=[edges, edges], density=True)
    ax.imshow(counts.T, origin="lower", extent=(-1, 1, -1, 1), cmap="Blues", vmin=0, vmax=1.2)
    _, weights = np.polynomial.legendre.leggauss(law.nodes.size)
    density = law.mass / np.outer(weights, weights)
    levels = [0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2]
    lines = ax.contour(law.nodes, law.nodes, density.T, levels, colors="#B4431F", linewidths=1.2)
    ax.clabel(lines, fontsize=8, fmt="%g")
    ax.set_title(f"{title} (correlation {correlation(law) + 0.0:.2f})", fontsize=11)
    ax.set_xlabel(r"$\sigma_a$")
    ax.set_ylabel(r"$\sigma_b$")
    ax.set_xticks([-1, 0, 1])
    ax.set_yticks([-1, 0, 1])


def draw(results: dict[str, tuple[Array, Law]], path: Path) -> None:
    figure = Figure(figsize=(9.2, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    panel(left, *results["sequential"], "one after the other: Boltzmann's law")
    panel(right, *results["synchronous"], "both at once: Little's law")
    figure.suptitle("The same pair under two schedules. Shade: samples, lines: exact density")
    figure.savefig(path, dpi=150)
    print(f"\nwrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Two subparticles, exactly.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    one_step_by_hand()
    results = compare(options.seed)
    without_symmetry(options.seed)
    draw(results, options.out / "two_subparticles.png")


if __name__ == "__main__":
    main()
