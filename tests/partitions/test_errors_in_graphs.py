"""Graphs and matrices that are no worlds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import networkx
import numpy as np
import pytest
import scipy.sparse
from support.errors import example, is_complete, says

import deepparticle as dp

NAN, INF = math.nan, math.inf


def graph_of(*edges: tuple[Any, ...], **nodes: dict[str, Any]) -> networkx.DiGraph:
    graph: networkx.DiGraph = networkx.DiGraph()
    for node, data in nodes.items():
        graph.add_node(node, **data)
    graph.add_edges_from(edges)
    return graph


def states(**changes: Any) -> networkx.DiGraph:
    """The graph of states of the example, with attributes of nodes replaced."""
    graph = example().graph
    for node, data in changes.items():
        graph.nodes[node].update(data)
    return graph


def with_edge(graph: networkx.DiGraph, *edge: Any) -> networkx.DiGraph:
    graph.add_edge(*edge)
    return graph


def multi(cls: Any, *edges: tuple[Any, Any]) -> Any:
    graph = cls()
    graph.add_edges_from(edges)
    return graph


FAULTS: dict[str, tuple[Callable[[], dp.Partition], str]] = {
    "a name with a slash": (
        lambda: dp.from_networkx(graph_of(("a/b", "c"))),
        "node 'a/b': a name has no '/' ... (got 'a/b'). Mend: use 'a_b'",
    ),
    "an empty name": (
        lambda: dp.from_networkx(graph_of(("", "c"))),
        "node '': a name is not empty (got '')",
    ),
    "names that are equal as text": (
        lambda: dp.from_networkx(graph_of((1, "1"))),
        "node '1': the names of siblings differ (got '1'). Mend: rename it, or node 1.",
    ),
    "a self-coupling": (
        lambda: dp.from_networkx(graph_of(("a", "a", {"weight": 2.0}))),
        (
            "edge a → a: a subparticle is not coupled to itself (got weight 2.0) ... Mend: "
            "remove the edge; a constant drive is its bias."
        ),
    ),
    "a weight that is NaN": (
        lambda: dp.from_networkx(graph_of(("a", "b", {"weight": NAN}))),
        "edge a → b: the weight is finite (got nan). Mend: give a finite weight.",
    ),
    "a weight that is text": (
        lambda: dp.from_networkx(graph_of(("a", "b", {"strength": "much"})), weight="strength"),
        "edge a → b: the weight is a real number (got 'much'). Mend: give the weight as a float",
    ),
    "parallel edges": (
        lambda: dp.from_networkx(multi(networkx.MultiDiGraph, ("a", "b"), ("a", "b"))),
        "edge a → b: a coupling is made once (got parallel edges). Mend: merge them",
    ),
    "parallel undirected edges": (
        lambda: dp.from_networkx(multi(networkx.MultiGraph, ("a", "b"), ("b", "a"))),
        "edge a – b: a coupling is made once (got parallel edges). Mend: merge them",
    ),
    "a plasticity that is none": (
        lambda: dp.from_networkx(graph_of(("a", "b", {"plastic": "yes"}))),
        "edge a → b: plastic is True or False (got 'yes'). Mend:",
    ),
    "a leaf outside every partition": (
        lambda: dp.from_networkx(graph_of(a={"module": "left"}, b={}), partition="module"),
        (
            "node 'b': a subparticle lies in one partition (got a leaf outside every partition) "
            "... Mend: give the node the path of its partition"
        ),
    ),
    "an empty name on the way": (
        lambda: dp.from_networkx(graph_of(a={"module": "left//right"}), partition="module"),
        "node 'a': a name is not empty (got ''). Mend: give the member a name.",
    ),
    "a leaf called as a partition": (
        lambda: dp.from_networkx(
            graph_of(left={"module": ""}, a={"module": "left"}), partition="module"
        ),
        "node 'a': the names of siblings differ (got 'left'). Mend: rename it, or node 'left'.",
    ),
    "a bias that is infinite": (
        lambda: dp.from_networkx(graph_of(a={"bias": INF})),
        "node 'a': the bias is finite (got inf). Mend: give a finite bias.",
    ),
    "a state outside the support": (
        lambda: dp.from_networkx(graph_of(a={"state": 3})),
        "node 'a': the state of ContinuousBernoulli() lies in [-1, 1] (got 3.0). Mend: give",
    ),
    "an unknown distribution": (
        lambda: dp.from_networkx(graph_of(a={"distribution": "spins"})),
        (
            "node 'a': the kind of a distribution is one of ... (got 'spins'). Mend: use one of "
            "these"
        ),
    ),
    "a distribution that is none": (
        lambda: dp.from_networkx(graph_of(a={"distribution": 3})),
        "node 'a': the distribution is a StateDistribution (got 3). Mend: give for example",
    ),
    "a nesting with a cycle": (
        lambda: dp.from_networkx(
            graph_of(a={}), nesting=graph_of(("w", "a"), ("x", "y"), ("y", "x"))
        ),
        (
            "of the nesting: the nesting is a tree (got a cycle in the nesting: ... → ... Mend: "
            "remove one of these edges."
        ),
    ),
    "a nesting with a loop": (
        lambda: dp.from_networkx(graph_of(a={}), nesting=graph_of(("w", "a"), ("x", "x"))),
        "node 'x' of the nesting: the nesting is a tree (got a cycle in the nesting: x → x)",
    ),
    "a nesting with two parents": (
        lambda: dp.from_networkx(
            graph_of(a={}), nesting=graph_of(("w", "x"), ("w", "y"), ("x", "a"), ("y", "a"))
        ),
        (
            "node 'a' of the nesting: the nesting is a tree (got a member of 'x' and of 'y') "
            "... Mend: leave it in one of them."
        ),
    ),
    "a nesting that leaves one out": (
        lambda: dp.from_networkx(graph_of(a={}, b={}), nesting=graph_of(("w", "a"))),
        (
            "node 'b': a subparticle lies in one partition (got a leaf outside every partition) "
            "... Mend: add an edge from its partition to it to the nesting."
        ),
    ),
    "a nesting with a lonely leaf": (
        lambda: dp.from_networkx(graph_of(a={}, b={}), nesting=graph_of(("w", "a"), b={})),
        "node 'b': a subparticle lies in one partition (got a leaf outside every partition)",
    ),
    "a nesting in which a leaf holds another": (
        lambda: dp.from_networkx(graph_of(a={}, b={}), nesting=graph_of(("w", "a"), ("a", "b"))),
        (
            "node 'a': only a partition holds members (got a node of the graph that holds 'b') "
            "... Mend: name a partition."
        ),
    ),
    "a coupling without a boundary state": (
        lambda: dp.from_networkx(with_edge(states(), "lonely", "brain/a")),
        (
            "lonely → brain/a: a coupling passes through a boundary state ... (got internal → "
            "internal). Mend: put a boundary state between them."
        ),
    ),
    "an external state wired straight to an internal one": (
        lambda: dp.from_networkx(with_edge(states(), "scene", "lonely")),
        (
            "scene → lonely: external and internal states meet only through a macro-scale "
            "sensory ... (got external → internal). Mend: put a macro-scale sensory state "
            "between them."
        ),
    ),
    "an internal state wired straight to an external one": (
        lambda: dp.from_networkx(with_edge(states(), "lonely", "scene")),
        (
            "lonely → scene: external and internal states meet only through a macro-scale "
            "active ... (got internal → external). Mend: put a macro-scale active state between "
            "them."
        ),
    ),
    "an unknown kind of state": (
        lambda: dp.from_networkx(states(lonely={"kind": "hidden"})),
        (
            "lonely: the kind of a state is one of internal, boundary, sensory, active, "
            "external ... (got 'hidden'). Mend: set the node attribute 'kind'."
        ),
    ),
    "a boundary state with two sources": (
        lambda: dp.from_networkx(with_edge(states(), "lonely", "brain/a→brain/b")),
        (
            "brain/a→brain/b: complete coverage: a boundary state has one source and one target "
            "... (got sources brain/a, lonely and targets brain/b). Mend: join it to one state "
            "on each side"
        ),
    ),
    "a weight of a boundary state that is NaN": (
        lambda: dp.from_networkx(states(**{"brain/a→brain/b": {"weight": NAN}})),
        "brain/a→brain/b: the weight is a finite number (got nan). Mend: replace NaN and inf.",
    ),
    "an external state with a path": (
        lambda: dp.from_networkx(states(screen={"path": "brain/screen"})),
        "screen: a name has no '/' ... (got 'brain/screen')",
    ),
    "two states of one path": (
        lambda: dp.from_networkx(states(lonely={"path": "brain/a"})),
        "lonely: the names of siblings differ (got 'brain/a'). Mend: rename it, or brain/a.",
    ),
    "an external and an internal state of one path": (
        lambda: dp.from_networkx(states(lonely={"path": "screen"})),
        "lonely: the names of siblings differ (got 'screen'). Mend: rename it, or the external",
    ),
}


@pytest.mark.parametrize(("make", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_graph_that_is_no_world(make: Callable[[], dp.Partition], message: str) -> None:
    with pytest.raises(dp.PartitionError, match=says(message)) as caught:
        make()
    assert is_complete(caught.value)


def test_all_faults_of_a_graph_at_once() -> None:
    graph = graph_of(
        ("a/b", "c", {"weight": NAN}),
        ("c", "c"),
        ("c", "d", {"weight": "x"}),
        c={"module": "m", "bias": INF},
        d={"module": "m"},
        e={},
    )
    graph.nodes["a/b"]["module"] = "m"
    with pytest.raises(dp.PartitionError) as caught:
        dp.from_networkx(graph, partition="module")
    text = str(caught.value)
    for fragment in [
        "node 'a/b': a name has no '/'",
        "node 'c': the bias is finite",
        "node 'e': a subparticle lies in one partition",
        "edge a/b → c: the weight is finite",
        "edge c → c: a subparticle is not coupled to itself",
        "edge c → d: the weight is a real number",
    ]:
        assert fragment in text, text
    assert len(caught.value.faults) == 6, text


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: dp.from_networkx(np.eye(2)),
            dp.SettingTypeError,
            "from_networkx: the graph is a networkx graph ... Mend: give for example",
        ),
        (
            lambda: dp.from_networkx(graph_of(("a", "b")), nesting=networkx.Graph()),
            dp.SettingTypeError,
            "nesting: the nesting is a directed graph ... (got Graph)",
        ),
        (
            lambda: dp.from_networkx(networkx.Graph(states())),
            dp.SettingTypeError,
            "from_networkx: a graph of states is directed (got Graph) ... world.graph",
        ),
        (
            lambda: dp.from_networkx(states(), partition="module"),
            dp.SettingError,
            "the nesting is given once (got a graph of states, whose paths say it, and another",
        ),
        (
            lambda: dp.from_networkx(graph_of(a={}), partition="m", nesting=graph_of(("w", "a"))),
            dp.SettingError,
            "the nesting is given once (got partition= and nesting=). Mend: leave",
        ),
        (
            lambda: dp.from_networkx(graph_of(("a", "b")), precison=1.0),
            dp.SettingTypeError,
            "the settings are ... Mend: did you mean 'precision'?",
        ),
    ],
)
def test_from_networkx_refuses_what_it_cannot_read(
    make: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=says(message)):
        make()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: dp.from_couplings(np.zeros((2, 3))),
            dp.SettingError,
            "net: the couplings are a square matrix, target × source (got shape (2, 3)) ... (N, N)",
        ),
        (lambda: dp.from_couplings(np.zeros(4)), dp.SettingError, "net: ... (got shape (4,))"),
        (lambda: dp.from_couplings(np.zeros((0, 0))), dp.SettingError, "(got shape (0, 0))"),
        (
            lambda: dp.from_couplings(scipy.sparse.csr_array(np.ones((2, 3)))),
            dp.SettingError,
            "net: the couplings are a square matrix ... (got shape (2, 3))",
        ),
        (
            lambda: dp.from_couplings([[0.0, NAN], [0.0, 0.0]]),
            dp.SettingError,
            "population: the couplings are finite (got nan at [0, 1]). Mend: replace NaN and inf",
        ),
        (
            lambda: dp.from_couplings(scipy.sparse.csr_array([[0, INF], [0, 0]])),
            dp.SettingError,
            "population: the couplings are finite (got inf at [0, 1])",
        ),
        (
            lambda: dp.from_couplings(np.eye(2)),
            dp.PartitionError,
            "population/0: a subparticle is not coupled to itself (got J[0, 0] = 1). Mend: set the",
        ),
        (
            lambda: dp.from_couplings(scipy.sparse.csr_array(np.eye(2))),
            dp.PartitionError,
            "population/0: a subparticle is not coupled to itself",
        ),
        (
            lambda: dp.from_couplings([[0, 1], [2]]),
            dp.SettingTypeError,
            "net: the couplings are a matrix of numbers (got [[0, 1], [2]]). Mend: give an array",
        ),
        (
            lambda: dp.from_couplings(np.zeros((2, 2)), bias=[1.0]),
            dp.SettingError,
            "population: the bias is a number or has shape (2,) (got shape (1,))",
        ),
        (
            lambda: dp.from_couplings(np.zeros((2, 2)), name="a/b"),
            dp.PartitionError,
            "a name has no '/' ... (got 'a/b')",
        ),
        (
            lambda: dp.from_couplings(np.zeros((2, 2)), precision=-1.0),
            dp.SettingError,
            "net: the precision is not negative (got -1.0)",
        ),
    ],
)
def test_from_couplings_refuses_what_it_cannot_use(
    make: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=says(message)):
        make()
