r"""Discovery: the nested partition that couplings, a graph or recorded activity suggest.

A partition is a claim: what is inside meets what is outside only through its boundary states. Any
division of a network into parts can be made lawful, for whatever joins two parts can be taken for a
boundary state. What makes one division better than another is how little has to pass. So parts are
proposed by clustering, scored by their blanket leak
(:mod:`~deepparticle.partitions.discovering.leak`)

.. math:: \ell = \frac{\text{share of the coupling that crosses between sibling parts}}
                      {\text{share that would if its ends were joined at random}} ,

and compared with what the same clustering finds in networks that have the same couplings at other
places (:mod:`~deepparticle.partitions.discovering.chance`). That is done from inside outwards: the
innermost parts are the nodes of a smaller network, which has parts again
(:mod:`~deepparticle.partitions.discovering.searching`). Where nothing leaks less than chance lets,
the world is one flat partition.

What comes out is a proposal. It is about sizes of couplings: their signs and directions are kept,
but do not move a border. A network without levels of its own, such as a lattice, has borders that
leak little nearly everywhere, and some of them are chosen.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count, finite_number
from deepparticle.partitions.discovering.branches import Split, grow
from deepparticle.partitions.discovering.clustering import CLUSTERINGS
from deepparticle.partitions.discovering.leak import coupling_strengths
from deepparticle.partitions.discovering.proposal import Proposal
from deepparticle.partitions.discovering.searching import Search
from deepparticle.partitions.discovering.sources import read_source
from deepparticle.partitions.stepping import checked_generator, checked_option

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["Proposal", "Split", "discover", "propose_partition"]


def discover(
    source: Any,
    *,
    kind: str = "auto",
    estimate: str = "transfer",
    weight: str = "weight",
    method: str = "spectral",
    permutations: int = 20,
    significance: float = 0.01,
    depth: int | None = None,
    seed: Any = 0,
    progress: bool = False,
    name: str = "world",
    **options: Any,
) -> Partition:
    """Propose a nested partition, and build it.

    Parameters
    ----------
    source, kind, estimate, weight, method, permutations, significance, depth, seed, progress
        As of `propose_partition`, which gives the scores and levels too.
    name : str
        The name of the world.
    **options
        As of `Proposal.partition`: ``bias``, ``distribution``, ``plastic``, ``precision``, …

    Returns
    -------
    Partition
        A world without external states, whose parts are called ``part0``, ``part1``, … at every
        level, and whose subparticles have the number of their row, or the name of their node.
        Inside a part, subparticles that are in none of its parts come first, then the parts, in the
        order of their first rows.

    Raises
    ------
    SettingError, SettingTypeError, PartitionError
        For what cannot be read or built.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array  # what it does not store does not exist
    >>> J = np.kron(np.eye(2), np.ones((5, 5))) - np.eye(10)  # two cliques …
    >>> J[4, 5] = 0.5  # … and one boundary state between them
    >>> world = discover(csr_array(J), precision=0.5)
    >>> [part.name for part in world], len(world.blanket("part0").sensory)
    (['part0', 'part1'], 1)
    >>> world["part0/4"].sensory["part1/5"].weight
    0.5
    """
    proposal = propose_partition(
        source,
        kind=kind,
        estimate=estimate,
        weight=weight,
        method=method,
        permutations=permutations,
        significance=significance,
        depth=depth,
        seed=seed,
        progress=progress,
    )
    return proposal.partition(name, **options)


def propose_partition(
    source: Any,
    *,
    kind: str = "auto",
    estimate: str = "transfer",
    weight: str = "weight",
    method: str = "spectral",
    permutations: int = 20,
    significance: float = 0.01,
    depth: int | None = None,
    seed: Any = 0,
    progress: bool = False,
) -> Proposal:
    """Propose a nested partition, with its scores.

    Parameters
    ----------
    source : array_like, scipy sparse array, networkx graph, or Run
        Couplings ``(N, N)``, target × source, with zero diagonal; a plain graph, directed or not;
        or states ``(steps, N)`` or ``(steps, chains, N)``, or a run that recorded them.
    kind : {"auto", "couplings", "graph", "activity"}
        What `source` is. By itself a square matrix is taken for couplings, one with more rows than
        columns for activity.
    estimate : {"transfer", "partial"}
        For activity, how couplings are estimated from it: ``transfer`` for the synchronous
        schedule, ``partial`` for the others; see
        :mod:`~deepparticle.partitions.discovering.activity`.
    weight : str
        For a graph, the edge attribute that holds the coupling; 1 where an edge has none.
    method : {"spectral", "hierarchical", "louvain", "greedy"}
        What proposes splits; see :mod:`~deepparticle.partitions.discovering.clustering`.
    permutations : int
        With how many exchanged networks each split is compared, at least 5.
    significance : float
        How small the p-value of a split must be, between 0 and 1.
    depth : int, optional
        The number of levels at most; 0 leaves the world whole.
    seed : int or numpy.random.Generator
        Same seed, same proposal.
    progress : bool
        Show how many exchanged networks have been made.

    Returns
    -------
    Proposal
        Print it for a table of splits; ``proposal.partition()`` is the world.

    Raises
    ------
    SettingError, SettingTypeError, PartitionError
        For what cannot be read.

    Examples
    --------
    >>> import networkx
    >>> import numpy as np
    >>> proposal = propose_partition(networkx.ring_of_cliques(4, 6))
    >>> proposal.leaks[0].round(3).tolist(), proposal.splits[""].parts
    ([0.08], (6, 6, 6, 6))
    >>> rng = np.random.default_rng(0)
    >>> propose_partition(rng.normal(size=(20, 20)) * (1 - np.eye(20))).depth
    0
    """
    from tqdm.auto import tqdm

    where = "discover"
    checked_option(method, tuple(CLUSTERINGS), where, "method")
    count = checked_count(permutations, where, "permutations", 5)
    share = _share(significance, where, "significance")
    levels = None if depth is None else checked_count(depth, where, "depth", 0)
    generator = checked_generator(seed, where)
    read = read_source(source, kind, estimate, weight, where)
    strengths = coupling_strengths(read.couplings)
    # The matrices are small: threads cost more than they save, and the last digits depend on them.
    # scikit-learn brings this package along.
    threads: Any = import_module("threadpoolctl")
    bar: Any = tqdm(desc=where, unit=" networks", disable=not progress)
    with bar, threads.threadpool_limits(1, "blas"):
        search = Search(CLUSTERINGS[method], count, share, generator, bar.update)
        return Proposal(read, grow(strengths, search, levels))


def _share(value: object, where: str, what: str) -> float:
    number = finite_number(value, where, what)
    if not 0.0 < number < 1.0:
        raise SettingError(
            Fault(where, f"the {what} lies between 0 and 1", repr(number), f"give {what}=0.01")
        )
    return number
