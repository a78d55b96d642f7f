"""P5: many chains that share couplings, inference, against the matrix product of that size."""

from __future__ import annotations

from deepparticle.benchmarks.results import Goal, Outcome, Row, judged, ratio_to
from deepparticle.benchmarks.runs import (
    BACKENDS,
    backend_contenders,
    inferring,
    race,
    random_couplings,
)
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.yardstick import matrix_product

__all__ = ["measure"]

BEST = Goal(0.7, "native or JAX ≥ 70 % of the matrix product", at_least=True)
NUMPY = Goal(0.4, "NumPy ≥ 40 % of the matrix product", at_least=True)


def measure(settings: Settings, progress: bool) -> Outcome:
    """Compare the rate of the steps with the rate of the product that each contains."""
    outcome = Outcome()
    size, chains = settings.chain_size, settings.chains
    work = f"{chains} chains, N = {size}, inference, float32; per step of all chains"
    couplings = random_couplings(size)
    contenders = backend_contenders(
        outcome, "P5", lambda name: inferring(name, couplings, chains=chains)
    )
    yardstick = matrix_product(chains, size)
    found = race(outcome, "P5", [*contenders, yardstick], settings, progress)
    ours = [name for name in found if name in BACKENDS]
    product = found[yardstick.name]
    operations = 2.0 * chains * size**2
    outcome.rows.append(
        Row(
            "P5",
            work,
            yardstick.name,
            product,
            note=f"{1e-9 * operations / product.median:.0f} GFLOP/s",
        )
    )
    shares = {name: 1.0 / ratio_to(found[name], product) for name in ours}
    fast = {name: share for name, share in shares.items() if name != "numpy"}
    best = max(fast, key=lambda name: fast[name], default="")
    for name in ours:
        compared = f"{100.0 * shares[name]:.0f} % of the matrix product"
        row = Row("P5", work, name, found[name], compared, shares[name])
        numpy = NUMPY if name == "numpy" else None
        outcome.rows += judged(row, numpy, BEST if name == best else None)
    return outcome
