"""How large the works are: as the goals say, or small enough for a test."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Settings"]


@dataclass(frozen=True)
class Settings:
    """Sizes of the works.

    Parameters
    ----------
    quick : bool
        Whether the sizes are smaller than those of the goals; then goals are not judged.
    repeats : int
        Rounds of turns.
    seconds : float
        How long one repetition takes, where the amount of work is free.
    size, networks : int
        Subparticles of a small network, and how many such networks run side by side.
    large : int
        Subparticles of a large network.
    lattice : int
        The side of the square lattice.
    samples : int
        Samples of the lattice from which the moments of two programs are compared.
    chains, chain_size : int
        Chains that share couplings, and the subparticles of each.
    couplings : tuple of int
        Explicit couplings of the worlds that are built; the last is the largest.
    epochs, trials : int
        Of the grid of simulation 2.
    sizes, network_counts, edges : tuple of int
        The horizontal axes of the figures.
    """

    quick: bool = False
    repeats: int = 5
    seconds: float = 0.5
    size: int = 64
    networks: int = 380
    large: int = 4096
    lattice: int = 256
    samples: int = 200
    chains: int = 1000
    chain_size: int = 1024
    couplings: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    epochs: int = 5000
    trials: int = 100
    sizes: tuple[int, ...] = (16, 64, 256, 1024, 4096)
    network_counts: tuple[int, ...] = (1, 4, 16, 64, 256, 1024)
    edges: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)


FULL = Settings()
QUICK = Settings(
    quick=True,
    repeats=3,
    seconds=0.02,
    networks=20,
    large=256,
    lattice=32,
    samples=60,
    chains=50,
    chain_size=128,
    couplings=(300, 1_000),
    epochs=3,
    trials=2,
    sizes=(16, 64),
    network_counts=(1, 4),
    edges=(300, 1_000),
)
