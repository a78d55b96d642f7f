r"""How slow? Integrated autocorrelation times of subparticles, and of partitions at every level.

The macro-scale state of a partition is here the mean of what is inside. The integrated
autocorrelation time of a stationary series x,

.. math:: \tau = 1 + 2 \sum_{t \ge 1} \rho(t),

is how many steps are worth one independent sample: 1 for independent ones, k for a state that is
drawn anew every k steps and held in between, :math:`(1 + a)/(1 - a)` for
:math:`x' = a x + \text{noise}`. The sum ends at the first lag
:math:`W \ge 5\max(1, \tau(W))`, beyond which there is more noise than correlation, and its standard
error is :math:`\tau\sqrt{(4W + 2)/n}` with n the steps of all chains (Madras & Sokal 1988, *Journal
of Statistical Physics* 50); below :math:`\tau = 1` that is somewhat too small.

"Rapid, fine-grained dynamics at lower descriptive levels" and "slower processes at coarser scales"
(Spisak & Friston 2026, Discussion) are times that rise from the leaves to the whole. They need not:
they do where clocks, or couplings inside, make a partition slower than its members.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepparticle.analysis.levels import Estimate
from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.naming import unknown_path
from deepparticle.compile.run import Run
from deepparticle.partitions.macro_states import compound_units
from deepparticle.partitions.partition import Partition

__all__ = ["TimeScales", "autocorrelation_time", "time_scales"]

# The window ends at so many autocorrelation times (Sokal); a series should be this much longer.
_WINDOW = 5.0
_LONG = 50.0

# How many numbers are transformed at once.
_BLOCK = 2**22


@dataclass(frozen=True, eq=False)
class TimeScales:
    """Autocorrelation times of a world: printable.

    Parameters
    ----------
    paths : tuple of str
        Of the partitions (``""`` for the root) and populations, outermost first, then of the
        subparticles in row order.
    depths : ndarray of intp, shape (M,)
        0 for the root.
    sizes : ndarray of intp, shape (M,)
        How many subparticles are inside; 1 and `leaf` for a subparticle.
    leaf : ndarray of bool, shape (M,)
        Whether it is a subparticle.
    times : Estimate of shape (M,)
        In steps; NaN for a state that does not change.
    steps : int
        The length of the series.
    """

    paths: tuple[str, ...]
    depths: IntArray
    sizes: IntArray
    leaf: BoolArray
    times: Estimate
    steps: int

    def __getitem__(self, path: str) -> Estimate:
        if path not in self.paths:
            raise unknown_path("time scales", path, self.paths)
        number = self.paths.index(path)
        return Estimate(self.times.value[number], self.times.standard_error[number])

    @property
    def reliable(self) -> BoolArray:
        """Where the series is at least 50 times as long as the time that it tells."""
        long: BoolArray = self.steps >= _LONG * self.times.value
        return long

    def at(self, depth: int | None) -> Estimate:
        """The mean time of the partitions at a depth, or of all subparticles (None)."""
        chosen = self.leaf if depth is None else (self.depths == depth) & ~self.leaf
        chosen = chosen & np.isfinite(self.times.value)
        count = int(chosen.sum())
        if not count:
            return Estimate(np.array(np.nan), np.array(np.nan))
        errors = self.times.standard_error[chosen]
        return Estimate(self.times.value[chosen].mean(), np.sqrt(np.sum(errors * errors)) / count)

    def __str__(self) -> str:
        lines = [f"{'level':<28}{'units':>7}{'time in steps':>18}"]
        for depth in [*range(int(self.depths[~self.leaf].max()) + 1), None]:
            chosen = self.leaf if depth is None else (self.depths == depth) & ~self.leaf
            name = "subparticles" if depth is None else f"partitions at depth {depth}"
            mean = self.at(depth)
            doubt = "" if np.all(self.reliable[chosen]) else "  (short series)"
            time = f"{mean.value:>9.2f} ± {mean.standard_error:<6.2f}"
            lines.append(f"{name:<28}{int(chosen.sum()):>7}{time}{doubt}")
        return "\n".join(lines)

    __repr__ = __str__


def time_scales(run: Run | ArrayLike, world: Partition) -> TimeScales:
    """The autocorrelation times of the subparticles and partitions of a world.

    Parameters
    ----------
    run : Run or array_like of shape (steps, [chains,] N)
        Recorded states, of a stationary stretch; recorded every step, or else times are in records.
    world : Partition
        The world that ran.

    Returns
    -------
    TimeScales

    Raises
    ------
    SettingError
        If the states are not those of this world, or too few.

    Examples
    --------
    >>> import deepparticle as dp
    >>> world = dp.Partition("world")
    >>> slow = world.add_partition("slow", clock=10)
    >>> _ = slow.add_subparticle("a"), slow.add_subparticle("b"), world.add_subparticle("c")
    >>> run = dp.Simulator(world, seed=1, chains=50).infer(steps=2000)
    >>> found = time_scales(run, world)
    >>> [round(float(found[path].value)) for path in ("slow", "slow/a", "c")]
    [10, 10, 1]
    """
    states = np.asarray(run.states if isinstance(run, Run) else run, dtype=np.float64)
    count = world.leaf_count
    if states.ndim not in (2, 3) or states.shape[-1] != count or len(states) < 2:
        raise SettingError(
            Fault(
                "time_scales",
                f"states have shape (steps, [chains,] {count}), with at least 2 steps",
                f"shape {states.shape}",
                f"give the recorded states of a run of {str(world)!r}",
            )
        )
    series = states.reshape(len(states), -1, count)
    paths: list[str] = []
    depths: list[int] = []
    sizes: list[int] = []
    means: list[FloatArray] = []
    depth = 0
    while True:
        level = world.level(depth)
        numbers = [number for number, _, _ in compound_units(level)]
        if not numbers:
            break
        paths += [level.paths[number] for number in numbers]
        depths += [depth] * len(numbers)
        sizes += level.sizes[numbers].tolist()
        means.append(level.mean(series)[..., numbers])
        depth += 1
    leaves = world.subparticles
    paths += [leaf.path for leaf in leaves]
    outer = world.path.count("/") + bool(world.path)
    depths += [leaf.path.count("/") + 1 - outer for leaf in leaves]
    sizes += [1] * count
    times = [autocorrelation_time(part) for part in (*means, series)]
    return TimeScales(
        tuple(paths),
        np.array(depths, dtype=np.intp),
        np.array(sizes, dtype=np.intp),
        np.arange(len(paths)) >= len(paths) - count,
        Estimate(
            np.concatenate([one.value for one in times]),
            np.concatenate([one.standard_error for one in times]),
        ),
        len(states),
    )


def autocorrelation_time(series: ArrayLike) -> Estimate:
    r"""The integrated autocorrelation time :math:`\tau = 1 + 2\sum_t \rho(t)` of each series.

    Parameters
    ----------
    series : array_like of shape (steps, chains, M)
        Stationary, all chains with the same law.

    Returns
    -------
    Estimate of shape (M,)
        In steps; NaN for a series that does not change.

    Examples
    --------
    >>> noise = np.random.default_rng(0).random((2000, 20, 1))
    >>> held = np.repeat(noise, 5, axis=0)  # drawn anew every 5 steps
    >>> [round(float(autocorrelation_time(one).value[0])) for one in (noise, held)]
    [1, 5]
    """
    array = np.asarray(series, dtype=np.float64)
    steps, chains, count = array.shape
    width = max(1, _BLOCK // (2 * steps * chains))
    times, errors = np.full((2, count), np.nan)
    for first in range(0, count, width):
        chosen = slice(first, first + width)
        covariance = _autocovariance(array[..., chosen])
        moves = covariance[0] > 1e-12 * np.maximum(np.mean(array[..., chosen] ** 2, (0, 1)), 1e-300)
        correlation = covariance[:, moves] / covariance[0, moves]
        sums = 2.0 * np.cumsum(correlation, axis=0) - 1.0
        lags = np.arange(steps)[:, None]
        # States that alternate have times below 1, and need a window all the same.
        enough = lags >= _WINDOW * np.maximum(sums, 1.0)
        enough[-1] = True
        window = np.argmax(enough, axis=0)
        time = sums[window, np.arange(sums.shape[1])]
        places = first + np.flatnonzero(moves)
        times[places] = time
        errors[places] = np.abs(time) * np.sqrt((4.0 * window + 2.0) / (steps * chains))
    return Estimate(times, errors)


def _autocovariance(series: FloatArray) -> FloatArray:
    """The mean of x(s) x(s + t) over s and chains, shape (steps, M), by Fourier transform."""
    from scipy.fft import irfft, next_fast_len, rfft

    steps = len(series)
    centred = series - series.mean(axis=(0, 1))
    length = next_fast_len(2 * steps, real=True)
    power = np.abs(rfft(centred, length, axis=0)) ** 2
    sums: FloatArray = irfft(power.mean(axis=1), length, axis=0)[:steps]
    return sums / np.arange(steps, 0, -1)[:, None]
