"""How fast is it? Every goal for speed, measured beside its yardstick, in one run.

A number of seconds says little by itself: it depends on the machine and on what else it does. So
each *contender* (a backend) is timed in turns with a *yardstick* (a hand-written program, a matrix
product, another library) on the same machine in the same run, and what is judged is the ratio. All
times are taken through the public interface, after a first call that is not counted, and a goal
that is missed is said to be missed.

Reading order: `timing` (turns, medians), `results` (rows, goals), `machine`, `yardstick`, `runs`
(what is timed), `works` (one module for each goal), `suite` (all of them), `report` and `figures`.

>>> from deepparticle.benchmarks import WORKS
>>> list(WORKS)[:3]
['P1', 'P2', 'P3']
"""

from deepparticle.benchmarks.results import Goal, Measurement, Outcome, Row
from deepparticle.benchmarks.suite import WORKS, BenchmarkResult, run_benchmarks
from deepparticle.benchmarks.timing import Contender, in_turns, timed

__all__ = [
    "WORKS",
    "BenchmarkResult",
    "Contender",
    "Goal",
    "Measurement",
    "Outcome",
    "Row",
    "in_turns",
    "run_benchmarks",
    "timed",
]
