"""Partitions: things inside things, as a tree that can be built, read and edited.

A partition holds subparticles and further partitions, to any depth; the root ("world") also holds
the external states. What joins them are boundary states, which belong to the subparticles at their
ends. Every edit leaves a lawful deep particular partition or refuses with an error that says why:

- a subparticle lies in exactly one partition, so the leaves cover the inside completely;
- subparticles meet only through boundary states, external states only through macro-scale ones;
- the nesting is a tree.

Row order (of ``couplings``, evidence, states) is depth first, in the order in which members were
added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.external import Expectation, ExternalState, Process
from deepparticle.agents.member import Member
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.blanket import Blanket
from deepparticle.blankets.boundary import ActiveState, Boundary, SensoryState
from deepparticle.blankets.errors import BlanketError, Fault, PartitionError
from deepparticle.blankets.naming import checked_name
from deepparticle.partitions.macroscale import BlockViews, MacroscaleBlock
from deepparticle.partitions.population import Population
from deepparticle.partitions.tree import Reference, Tree, ancestors

if TYPE_CHECKING:
    import networkx
    import scipy.sparse
    from matplotlib.axes import Axes

    from deepparticle.partitions.certificate import Certificate
    from deepparticle.partitions.coarse_worlds import Coarsening
    from deepparticle.partitions.flows import Flows
    from deepparticle.partitions.levels import Level
    from deepparticle.partitions.reporting import PartitionReport

__all__ = ["Partition"]


class Partition(Tree):
    """A partition: subparticles and partitions within one Markov blanket.

    Parameters
    ----------
    name : str
        Without ``"/"``.
    precision, learning_rate, clock, time_step, learning_rule : optional
        Settings that everything inside inherits, unless it sets its own.

    Examples
    --------
    >>> world = Partition("world")
    >>> brain = world.add_partition("brain", precision=0.17)
    >>> a, b = brain.add_subparticle("a", bias=0.2), brain.add_subparticle("b")
    >>> _ = brain.couple(a, b, 0.8)  # J[b, a] = 0.8
    >>> scene = world.add_external("scene")
    >>> _ = world.sense(scene, a)
    >>> world.check()
    >>> world.couplings
    array([[0. , 0. ],
           [0.8, 0. ]])
    """

    def __init__(self, name: str, **settings: Any) -> None:
        super().__init__(name, **settings)
        self.time = 0
        """How many steps this world has made by hand; clocks count from here."""
        self._coarsening: Coarsening | None = None

    # ------------------------------------------------------------------ adding

    def add_partition(self, name: str, **settings: Any) -> Partition:
        """Add a partition inside this one.

        Parameters
        ----------
        name : str
            Unique among the members of this partition.
        **settings
            ``precision``, ``learning_rate``, ``clock``, ``time_step``, ``learning_rule``.

        Returns
        -------
        Partition

        Raises
        ------
        PartitionError
            For a name that is empty, taken, or contains ``"/"``.
        """
        partition = Partition(checked_name(name, str(self)), **settings)
        self._adopt(partition)
        return partition

    def add_subparticle(
        self,
        name: str,
        *,
        bias: float = 0.0,
        distribution: StateDistribution | None = None,
        state: float = 0.0,
        **settings: Any,
    ) -> Subparticle:
        """Add a subparticle; parameters as of `Subparticle`.

        Raises
        ------
        PartitionError
            For a name that is empty, taken, or contains ``"/"``.
        SettingError
            For numbers that are not finite or lie outside the support.
        """
        particle = Subparticle(
            checked_name(name, str(self)),
            bias=bias,
            distribution=distribution,
            state=state,
            **settings,
        )
        self._adopt(particle)
        return particle

    def add_population(
        self,
        name: str,
        size: int,
        *,
        couplings: ArrayLike | scipy.sparse.sparray | None = None,
        bias: ArrayLike = 0.0,
        distribution: StateDistribution | None = None,
        plastic: bool = True,
        **settings: Any,
    ) -> Population:
        """Add array-backed subparticles; parameters as of `Population`.

        Examples
        --------
        >>> world = Partition("world")
        >>> cortex = world.add_population("cortex", 3, couplings=np.zeros((3, 3)))
        >>> cortex["0"].sensory["2"].weight = 0.5
        >>> float(world.couplings[0, 2])
        0.5
        """
        population = Population(
            checked_name(name, str(self)),
            size,
            couplings=couplings,
            bias=bias,
            distribution=distribution,
            plastic=plastic,
            **settings,
        )
        self._adopt(population)
        return population

    def add_external(
        self,
        name: str,
        value: ArrayLike = 0.0,
        process: Process | None = None,
        expectation: Expectation | None = None,
    ) -> ExternalState:
        """Add an external state; only the root holds them. Parameters as of `ExternalState`."""
        if self.parent is not None:
            raise BlanketError(
                Fault(
                    str(self),
                    "only the root holds external states",
                    f"external {name!r} in a partition",
                    f"use world.add_external({name!r})",
                )
            )
        external = ExternalState(checked_name(name, str(self)), value, process, expectation)
        self._adopt(external)
        return external

    # ------------------------------------------------------------------ editing

    def remove(self, reference: Reference) -> Member:
        """Take a member, with everything inside it, out of this world.

        Boundary states that joined it to the rest go with it; those inside a removed partition
        stay, so that what is returned is a lawful world of its own.
        """
        from deepparticle.partitions.editing import remove

        return remove(self, reference)

    def rename(self, reference: Reference, name: str) -> None:
        """Give a member another name; rows and boundary states stay."""
        from deepparticle.partitions.editing import rename

        rename(self, reference, name)

    def move(self, reference: Reference, into: Reference) -> None:
        """Move a subparticle, population or partition into another partition of this world.

        Its boundary states move with it. Raises if the nesting would become a cycle.
        """
        from deepparticle.partitions.editing import move

        move(self, reference, into)

    def copy(
        self,
        reference: Reference | None = None,
        name: str | None = None,
        into: Reference | None = None,
    ) -> Any:
        """Copy this whole partition as a world of its own, or one member under a new name.

        Parameters
        ----------
        reference : Member or str, optional
            What to copy inside this world; None copies this partition.
        name : str, optional
            The name of the copy; required when it stays beside the original.
        into : Member or str, optional
            The partition that receives the copy; by default the one that holds the original.

        Returns
        -------
        Member
            The copy. Boundary states with both ends inside are copied with it; those that cross
            its blanket are not, for what they lead to has not been copied.

        Examples
        --------
        >>> world = Partition("world")
        >>> _ = world.add_partition("left").add_subparticle("a")
        >>> world.copy("left", "right").subparticles[0].path
        'right/a'
        """
        from deepparticle.partitions.editing import copy_member, copy_world

        if reference is None:
            return copy_world(self, name)
        return copy_member(self, reference, name, into)

    # ------------------------------------------------------------------ wiring

    def couple(
        self,
        source: Reference | Sequence[Reference],
        target: Reference | Sequence[Reference],
        weight: Any = 1.0,
        *,
        plastic: bool = True,
    ) -> Any:
        r"""Couple a source to a target: :math:`s_{ij} = J_{ij}\,\sigma_j`, ``J[target, source]``.

        Parameters
        ----------
        source, target : Member, str, or a sequence of them
            Two subparticles, or two blocks: partitions, populations, sequences of subparticles.
        weight : float or array_like of shape (targets, sources)
            The coupling. For blocks a number couples all pairs, a dense matrix makes every
            boundary state, zero or not, and a scipy sparse array only its stored entries. Where
            both blocks hold the same subparticle, no boundary state is made (the diagonal is 0).
        plastic : bool
            Whether learning changes it.

        Returns
        -------
        Boundary or tuple of Boundary
            The new boundary states: ``b.sensory["a"].boundary is couple(a, b)``.

        Raises
        ------
        BlanketError
            If one of them is an external state: use `sense` or `act`.
        PartitionError
            For a self-coupling, one that exists already, or objects of different worlds.
        SettingError
            For weights that are not finite or have another shape.
        """
        from deepparticle.partitions.wiring import couple

        return couple(self, source, target, weight, plastic)

    def uncouple(self, source: Reference, target: Reference) -> None:
        """Remove the boundary state between a source and a target."""
        from deepparticle.partitions.wiring import uncouple

        uncouple(self, source, target)

    def couple_all(self, weight: Any = 0.0, *, plastic: bool = True) -> tuple[Boundary, ...]:
        """Couple every subparticle inside to every other one.

        Parameters
        ----------
        weight : float or array_like of shape (n, n)
            The couplings, target × source; the diagonal must be 0.

        Examples
        --------
        >>> ring = Partition("ring")
        >>> for name in "abc":
        ...     _ = ring.add_subparticle(name)
        >>> len(ring.couple_all(0.1))
        6
        """
        from deepparticle.partitions.wiring import couple

        made: tuple[Boundary, ...] = couple(self, self, self, weight, plastic)
        return made

    def couple_ring(
        self, weight: float = 1.0, *, directed: bool = False, plastic: bool = True
    ) -> Sequence[Boundary]:
        """Couple the subparticles inside, in row order, to a ring; `directed` goes one way only."""
        from deepparticle.partitions.lattices import ring_edges
        from deepparticle.partitions.wiring import couple_edges

        return couple_edges(self, ring_edges(self.leaf_count, directed), weight, plastic)

    def couple_lattice(
        self,
        shape: Sequence[int],
        weight: float = 1.0,
        *,
        periodic: bool = False,
        plastic: bool = True,
    ) -> Sequence[Boundary]:
        """Couple the subparticles inside, in row order, to their neighbours on a grid.

        Parameters
        ----------
        shape : sequence of int
            The grid, for example ``(8, 8)``; its size is the number of subparticles inside.
        weight : float
            The coupling, the same in both directions.
        periodic : bool
            Whether opposite edges meet.

        Returns
        -------
        sequence of Boundary
            For a large population, one that makes them when asked for. The couplings that this
            makes are those of :func:`~deepparticle.partitions.lattices.lattice_couplings`.

        Examples
        --------
        >>> world = Partition("world")
        >>> _ = world.add_population("spins", 10_000)
        >>> len(world.couple_lattice((100, 100), 0.3, periodic=True))
        40000
        """
        from deepparticle.partitions.lattices import lattice_edges
        from deepparticle.partitions.wiring import couple_edges, lattice_shape

        edges = lattice_edges(lattice_shape(self, shape), periodic)
        return couple_edges(self, edges, weight, plastic)

    def sense(
        self, external: Reference, target: Reference | Sequence[Reference], weight: Any = 1.0
    ) -> Any:
        r"""Let subparticles sense an external state: :math:`\eta \to s_i = w_i\eta \to \sigma_i`.

        Parameters
        ----------
        external : ExternalState or str
        target : Member, str, or a sequence of them
            A subparticle, or a block of them.
        weight : float or array_like of shape (targets,)

        Returns
        -------
        SensoryState, tuple of SensoryState, or BlockViews
            One per subparticle; for a population a sequence that makes them when asked for.
        """
        from deepparticle.partitions.wiring import connect_external

        made = connect_external(self, external, target, weight, inwards=True)
        if isinstance(made, MacroscaleBlock):
            return BlockViews(SensoryState, made)
        views = tuple(SensoryState(boundary) for boundary in made)
        return views[0] if self._is_leaf(target) else views

    def act(
        self,
        source: Reference | Sequence[Reference],
        external: Reference,
        weight: Any = 1.0,
        *,
        plastic: bool = False,
    ) -> Any:
        r"""Let subparticles act on an external state: :math:`\sigma_i \to a_i \to \eta`.

        Results as of `sense`.

        Parameters
        ----------
        source, external, weight
            As of `sense`.
        plastic : bool
            Whether the weight learns from the answer, see :mod:`deepparticle.agents.external`. The
            external state then has an ``expectation``, and the source a ``learning_rate``.
        """
        from deepparticle.partitions.wiring import connect_external

        made = connect_external(self, external, source, weight, inwards=False, plastic=plastic)
        if isinstance(made, MacroscaleBlock):
            return BlockViews(ActiveState, made)
        views = tuple(ActiveState(boundary) for boundary in made)
        return views[0] if self._is_leaf(source) else views

    def _is_leaf(self, reference: object) -> bool:
        if isinstance(reference, str):
            reference = self.resolve(reference)
        return isinstance(reference, Subparticle)

    # ------------------------------------------------------------------ looking

    def boundaries(self) -> Iterator[Boundary]:
        """Every boundary state that a subparticle inside senses or acts through, each once."""
        for leaf in self.subparticles:
            yield from leaf.incoming()
            for boundary in leaf.outgoing():
                # The others are some inner target's incoming boundary, seen above.
                if boundary.target.is_external or self not in ancestors(boundary.target):
                    yield boundary

    @property
    def couplings(self) -> Any:
        """The couplings among the leaves inside, ``J[target, source]``.

        Returns
        -------
        ndarray of shape (N, N), or scipy.sparse.csr_array when large and sparse
            A copy; write through the boundary states or the population instead.
        """
        from deepparticle.partitions.arrays import coupling_matrix

        return coupling_matrix(self)

    @property
    def states(self) -> FloatArray:
        """The internal states of the leaves inside, in row order, shape ``(N,)``."""
        from deepparticle.partitions.columns import column_of

        return column_of(self, "state")

    @property
    def biases(self) -> FloatArray:
        """The prior biases of the leaves inside, in row order, shape ``(N,)``."""
        from deepparticle.partitions.columns import column_of

        return column_of(self, "bias")

    @property
    def graph(self) -> networkx.DiGraph:
        """The states and what flows between them, as a new `networkx.DiGraph`.

        One node per internal, boundary, macro-scale sensory or active, and external state; see
        :func:`deepparticle.partitions.graphs.state_graph` for the attributes.
        """
        from deepparticle.partitions.graphs import state_graph

        return state_graph(self)

    @property
    def nesting(self) -> networkx.DiGraph:
        """The tree of partitions and leaves, as a new `networkx.DiGraph` from outside inwards."""
        from deepparticle.partitions.graphs import nesting_tree

        return nesting_tree(self)

    def blanket(self, reference: Reference | None = None) -> Blanket:
        """The boundary states that separate a partition (or subparticle) from the rest.

        Parameters
        ----------
        reference : Member or str, optional
            By default this partition itself.
        """
        from deepparticle.partitions.graphs import blanket_of

        return blanket_of(self if reference is None else self.resolve(reference))

    def check(self) -> None:
        """Check the laws of a deep particular partition, at every level.

        Raises
        ------
        PartitionError
            With *all* faults.
        """
        from deepparticle.partitions.checking import faults_of

        faults = faults_of(self)
        if faults:
            raise PartitionError(faults)

    def report(self) -> PartitionReport:
        """What holds at every level, and what leaks; printable, never raises.

        Returns
        -------
        PartitionReport
            Path-wise, in one step, and at equal time in the steady state, with what is vacuous and
            how large each leak is; see :mod:`deepparticle.partitions.reporting`.
        """
        from deepparticle.partitions.reporting import report_of

        return report_of(self)

    def certify(
        self,
        run: Any,
        evidence: Any = None,
        *,
        schedule: str = "synchronous",
        functions: str | Sequence[str] | None = None,
        correction: str = "holm",
        significance: float = 0.05,
        precision: ArrayLike | None = None,
        clock: ArrayLike | None = None,
        time: int = 0,
    ) -> Certificate:
        r"""Test the one-step law on the samples of a run.

        No subparticle's new state depends on anything but its own blanket: its residual
        :math:`\sigma_i' - L(\theta_i)` goes with no function of what it does not sense
        (:mod:`deepparticle.blankets.score_test`). What noisy boundary states showed is not
        recorded; the mean over their noise takes the place of :math:`L`
        (:mod:`deepparticle.partitions.transitions`).

        Parameters
        ----------
        run : Run or array_like of shape (steps, [networks,] [chains,] N)
            What `Simulator.infer` returned, with the states of every step and frozen couplings, or
            such states.
        evidence : None, array_like or dict, optional
            What was sensed in the step that made each of the states. None: what the external states
            hold. An array over subparticles that broadcasts to the shape of the states; or a dict
            ``{external: values}`` of arrays that broadcast to that shape with 1, or the number of
            those who sense it, in the place of N.
        schedule : {"synchronous", "sequential", "chromatic"} or one of your own
            That of the run. (A run of the random schedule does not tell what each update saw.)
        functions : sequence of str, optional
            What to ask about, among ``"state"``, ``"square"``, ``"earlier"``, ``"product"``,
            ``"noise"`` and ``"partition"`` (:mod:`deepparticle.partitions.statements`); by default
            all, products up to 16 variables.
        correction : {"holm", "benjamini-hochberg", "none"}
            ``holm``: under the law, the probability of any false alarm is at most `significance`.
        significance : float
        precision, clock : optional
            Those of the run, where they were not the world's.
        time : int
            The number of the step that made the first states, for clocks: burn-in included.

        Returns
        -------
        Certificate
            ``.ok``, ``.p_values``, ``.worst``, ``.levels``, ``.raise_if_failed()``; printable.

        Raises
        ------
        PartitionError
            If the world breaks a law of `check`.
        SettingError, SettingTypeError
            If the run, the evidence or an option cannot be used.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> world = Partition("world")
        >>> a, b = world.add_subparticle("a"), world.add_subparticle("b")
        >>> _ = world.couple(a, b, 0.8)
        >>> states = np.array([[world.step(rng), world.states][1] for _ in range(500)])
        >>> world.certify(states).ok
        True
        """
        from deepparticle.partitions.certifying import certificate_of

        return certificate_of(
            self,
            run,
            evidence,
            schedule=schedule,
            functions=functions,
            correction=correction,
            significance=significance,
            precision=precision,
            clock=clock,
            time=time,
        )

    # ------------------------------------------------------------------ levels

    def level(self, depth: int) -> Level:
        """What this partition consists of at a depth: its units, with their rows and blankets.

        Parameters
        ----------
        depth : int
            0 is this partition itself, 1 what lies directly inside, and so on.

        Returns
        -------
        Level
            The partitions at that depth, and the subparticles above it, in row order.

        Raises
        ------
        SettingError, SettingTypeError
            If the depth is not a whole number ≥ 0.
        """
        from deepparticle.partitions.levels import level_at

        return level_at(self, depth)

    def coarsen(
        self,
        level_or_paths: Any,
        state: Any = "mean",
        *,
        direction: ArrayLike | None = None,
        internal: str = "response",
        distribution: StateDistribution | str | None = None,
        start: ArrayLike | None = None,
        evidence: ArrayLike | None = None,
    ) -> Partition:
        r"""Make a world whose subparticles are partitions of this one, with macro-scale states.

        .. math:: S_A = w_A^T \sigma_A, \qquad J_{AB} = p_A^T J_{A \leftarrow B}\, v_B

        around a fixed point, to first order, with w, v, p, the precision, the bias and the limits
        of all this as derived in :mod:`deepparticle.partitions.coarsening`.

        Parameters
        ----------
        level_or_paths : Level, int, or sequence of Member or str
            What becomes one subparticle each: a level of this world, the depth of one, or
            partitions and subparticles that cover it.
        state : {"mean", "projection"} or callable
            The macro-scale state: the mean of the members, their projection on a direction, or a
            function of their states, shape (…, n) → (…), differentiable.
        direction : array_like of shape (N,), optional
            For a projection, for example a stored pattern; by default the leading eigenvector of
            the couplings inside each unit.
        internal : {"response", "ignore"}
            What becomes of couplings inside a unit. They enter its precision, as the gain of the
            unit to a field from outside; or, ignored, only its bias.
        distribution : StateDistribution or "gaussian", optional
            Of the macro-scale states; by default that of the members where they share one.
            ``"gaussian"`` has the variance of the macro-scale state too, and does not saturate.
        start : array_like of shape (N,), optional
            States near which the fixed point is looked for; 0 by default.
        evidence : array_like of shape (N,), optional
            Evidence at the fixed point; none by default.

        Returns
        -------
        Partition
            A world like any other, whose ``coarsening`` says how it was made. The nesting above the
            units, external states and their processes are carried over.

        Raises
        ------
        UnknownPathError, PartitionError
            If units do not exist, overlap, or do not cover this world; if it is not a whole world.
        SettingError, SettingTypeError
            If there is no fixed point near the start, a unit would order by itself, or the state
            of a unit cannot be had.

        Examples
        --------
        >>> world = Partition("world")
        >>> for side in (world.add_partition("left"), world.add_partition("right")):
        ...     for name in "abc":
        ...         _ = side.add_subparticle(name)
        >>> _ = world.couple("left", "right", 0.1)  # 9 boundary states
        >>> coarse = world.coarsen(1)
        >>> round(coarse["right"].sensory["left"].weight, 6)
        0.3
        """
        from deepparticle.partitions.coarse_worlds import coarsen

        return coarsen(
            self, level_or_paths, state, direction, internal, distribution, start, evidence
        )

    @property
    def coarsening(self) -> Coarsening:
        """How `coarsen` made this world from a finer one.

        Raises
        ------
        PartitionError
            If it did not.
        """
        if self._coarsening is None:
            raise PartitionError(
                Fault(
                    str(self),
                    "a world that coarsen() made knows the finer one",
                    "a world that was made otherwise",
                    "use coarse = world.coarsen(level)",
                )
            )
        return self._coarsening

    def flows(
        self,
        reference: Reference | None = None,
        kind: str = "synchronous",
        *,
        draws: int = 1,
        seed: int = 0,
    ) -> Flows:
        r"""The flows of a partition: the expected change of its inside, blanket and outside.

        .. math:: f_\eta(\eta, s, a), \quad f_s(\eta, s, a), \quad f_a(s, a, \mu), \quad
                  f_\mu(s, a, \mu)

        Parameters
        ----------
        reference : Member or str, optional
            A partition, population or subparticle; by default this partition.
        kind : {"synchronous", "langevin"}
            The change in one synchronous step, :math:`L(\theta) - \mu`, or the drift of the
            Langevin equation, :math:`c + K\sigma`, per unit of time.
        draws, seed : int
            Over how many answers of a process is averaged, and the seed of their randomness.

        Returns
        -------
        Flows
            See :mod:`deepparticle.partitions.flows`.
        """
        from deepparticle.partitions.flows import flows_of

        member = self if reference is None else self.resolve(reference)
        return flows_of(member, kind, draws, seed)

    # ------------------------------------------------------------------ doing

    def step(
        self,
        rng: np.random.Generator | int | None = None,
        schedule: str = "synchronous",
        *,
        mode: str = "stochastic",
        learn: bool = True,
    ) -> None:
        """Update every subparticle once: the definition of a step.

        Parameters
        ----------
        rng : numpy.random.Generator or int, optional
            The source of randomness, or a seed.
        schedule : {"synchronous", "sequential", "chromatic", "random", "langevin"} or your own
            Who sees whose new state; see :mod:`deepparticle.partitions.stepping`. The time of a
            step of ``langevin`` is the setting ``time_step``, 0.01 by default.
        mode : {"stochastic", "deterministic"}
            Sample the new states, or take their expectation.
        learn : bool
            Whether boundary states learn (with learning rate 0 they do not in any case).
        """
        from deepparticle.partitions.stepping import step_world

        step_world(self, rng, schedule, mode, learn)

    # ------------------------------------------------------------------ keeping and showing

    def save(self, path: str | PathLike[str], *, processes: str = "refuse") -> None:
        """Save this world as JSON; large arrays go to an ``.npz`` file beside it.

        Parameters
        ----------
        path : str or path
            The JSON file; the suffix ``.json`` may be left out.
        processes : {"refuse", "drop"}
            What to do with external states that have a process, which is a Python function and
            cannot be saved: refuse, or save their values only.
        """
        from deepparticle.partitions.files.storage import save

        save(self, path, processes=processes)

    def draw(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw boxes inside boxes, with their blankets on the borders (matplotlib)."""
        from deepparticle.partitions.pictures.drawing import draw

        return draw(self, ax, **options)

    def _repr_svg_(self) -> str:
        from deepparticle.partitions.pictures.markup import svg

        return svg(self)

    def _repr_html_(self) -> str:
        from deepparticle.partitions.pictures.markup import html

        return html(self)

    def __repr__(self) -> str:
        from deepparticle.partitions.pictures.markup import tree_text

        return tree_text(self)
