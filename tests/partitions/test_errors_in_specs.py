"""Spec files that are no worlds: all of their faults, each with its place in the file."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.errors import is_complete, says
from support.worlds import worlds

import deepparticle as dp
from deepparticle.partitions.files.spec import from_spec, to_spec

NAN, INF = math.nan, math.inf

SPEC: dict[str, Any] = {
    "format": "deepparticle",
    "version": 1,
    "name": "world",
    "members": [
        {"kind": "partition", "path": "brain", "parent": ""},
        {"kind": "subparticle", "path": "brain/a", "parent": "brain"},
        {"kind": "subparticle", "path": "brain/b", "parent": "brain"},
        {"kind": "population", "path": "cortex", "parent": "", "size": 2},
        {"kind": "external", "path": "scene", "parent": ""},
    ],
    "couplings": [{"source": "brain/a", "target": "brain/b", "boundary": {"weight": 0.8}}],
    "sensory": [{"source": "scene", "target": "brain/a", "boundary": {"weight": 1.0}}],
    "active": [{"source": "brain/b", "target": "scene", "boundary": {"weight": 1.0}}],
}


def changed(**changes: Any) -> dict[str, Any]:
    """The spec with some of its keys replaced: ``members_1_bias=3`` is ``members[1].bias``."""
    spec = copy.deepcopy(SPEC)
    for keys, value in changes.items():
        *outer, last = [int(key) if key.isdecimal() else key for key in keys.split("__")]
        place: Any = spec
        for key in outer:
            place = place[key]
        if isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return spec


def coupling(source: str, target: str, weight: Any = 0.5) -> dict[str, Any]:
    return {"source": source, "target": target, "boundary": {"weight": weight}}


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a leaf without a parent": (
        changed(members__1__parent=None),
        (
            "members[1] of 'brain/a': a subparticle lies in one partition ... (got a leaf "
            'outside every partition) ... Mend: give the path of a partition as "parent"'
        ),
    ),
    "a leaf in a partition that is not there": (
        changed(members__1__parent="brian"),
        (
            "members[1] of 'brain/a': a subparticle lies in one partition ... (got a leaf "
            "outside every partition: there is no 'brian') ... Mend: did you mean 'brain'?"
        ),
    ),
    "a population without a parent": (
        changed(members__3__parent=None),
        (
            "members[3] of 'cortex': a population lies in one partition ... (got a leaf outside "
            "every partition) ... Mend: give"
        ),
    ),
    "a partition without a parent": (
        changed(members__0__parent=None),
        (
            "members[0] of 'brain': a partition lies in one partition or in the world ... (got "
            "a partition outside every partition) ... Mend: give"
        ),
    ),
    "a leaf in a leaf": (
        changed(members__2__parent="brain/a"),
        (
            "members[2] of 'brain/b': only a partition holds members ... (got the subparticle "
            "'brain/a' as parent) ... Mend: name a partition."
        ),
    ),
    "a leaf in a population": (
        changed(members__5={"kind": "subparticle", "path": "cortex/x", "parent": "cortex"}),
        (
            "members[5] of 'cortex/x': only a partition holds members ... (got the population "
            "'cortex' as parent) ... Mend: name a partition."
        ),
    ),
    "a cycle in the nesting": (
        changed(
            members__0__parent="inner",
            members__5={"kind": "partition", "path": "inner", "parent": "brain"},
        ),
        (
            "members[0] of 'brain': the nesting is a tree ... (got a cycle in the nesting: "
            "brain → inner → brain) ... Mend: give one of them a parent outside the cycle."
        ),
    ),
    "a partition in itself": (
        changed(members__0__parent="brain"),
        (
            "members[0] of 'brain': the nesting is a tree ... (got a cycle in the nesting: "
            "brain → brain) ... Mend: give one of them a parent"
        ),
    ),
    "an external state in a partition": (
        changed(members__4__parent="brain"),
        (
            "members[4] of 'scene': only the root holds external states (got 'scene' in "
            '\'brain\') ... Mend: write "parent": "".'
        ),
    ),
    "a coupling without a boundary state": (
        changed(couplings__0__boundary=None),
        (
            "couplings[0] of brain/a → brain/b: a coupling passes through a boundary state ... "
            "(got a coupling across a blanket without a boundary state: the path "
            "brain/a → brain/b leaks at 'brain/a', 'brain/b'). Mend: give "
            '"boundary": {"kind": "delta"'
        ),
    ),
    "an external state wired straight to an internal one": (
        changed(couplings__1=coupling("scene", "brain/b")),
        (
            "couplings[1] of scene → brain/b: an external state and an internal state meet only "
            "through a macro-scale sensory state ... (got a direct coupling with 'scene') ... "
            "Mend: use world.sense('scene', 'brain/b')."
        ),
    ),
    "a sensory state without an external one": (
        changed(sensory__0__source="brain/b"),
        (
            "sensory[0] of brain/b → brain/a: a macro-scale boundary state joins an external "
            "state ... (got a Subparticle) ... Mend: use sense(external, subparticle)"
        ),
    ),
    "a self-coupling": (
        changed(couplings__1=coupling("brain/a", "brain/a")),
        (
            "couplings[1] of brain/a → brain/a: a subparticle is not coupled to itself ... (got "
            "weight 0.5) ... Mend: leave the diagonal 0"
        ),
    ),
    "a coupling that exists already": (
        changed(couplings__1=coupling("brain/a", "brain/b")),
        (
            "couplings[1] of brain/a → brain/b: a coupling is made once ... (got one that "
            "exists already, with weight 0.8) ... Mend:"
        ),
    ),
    "a coupling with a partition": (
        changed(couplings__1=coupling("brain", "cortex/1")),
        (
            "couplings[1] of brain → cortex/1: a boundary state joins two states ... (got the "
            "partition 'brain') ... Mend: name what lies inside it."
        ),
    ),
    "a coupling with a population": (
        changed(couplings__1=coupling("brain/a", "cortex")),
        (
            "couplings[1] of brain/a → cortex: a boundary state joins two states ... (got the "
            "population 'cortex') ... Mend: name what lies inside it."
        ),
    ),
    "a name twice": (
        changed(members__5={"kind": "partition", "path": "brain/a", "parent": "brain"}),
        (
            "members[5] of 'brain/a': the names of siblings differ (got 'brain/a') ... Mend: "
            "rename it, or members[1] of 'brain/a'."
        ),
    ),
    "an empty name": (
        changed(members__5={"kind": "subparticle", "path": "brain/", "parent": "brain"}),
        "members[5] of 'brain/': a name is not empty (got ''). Mend: give the member a name.",
    ),
    "an empty path": (
        changed(members__3__path=""),
        "members[3] of '': a name is not empty (got ''). Mend: give the member a name.",
    ),
    "an empty name of the world": (
        changed(name=""),
        "name: a name is not empty (got ''). Mend: give the member a name.",
    ),
    "a name with a slash": (
        changed(members__3__path="left/cortex"),
        (
            "members[3] of 'left/cortex': a name has no '/' ... (got 'left/cortex'). Mend: use "
            "'left_cortex', or nest partitions."
        ),
    ),
    "a path that does not begin with its parent": (
        changed(members__5={"kind": "subparticle", "path": "b", "parent": "brain"}),
        (
            "members[5] of 'b': a path is the path of the parent, '/' and a name ... (got 'b' "
            "in 'brain'). Mend: write 'brain/b'."
        ),
    ),
    "a weight that is NaN": (
        changed(couplings__0__boundary__weight=NAN),
        "couplings[0] of brain/a → brain/b: the weight is finite (got nan). Mend: give a finite",
    ),
    "a sensory weight that is infinite": (
        changed(sensory__0__boundary__weight=INF),
        "sensory[0] of scene → brain/a: the weight is finite (got inf). Mend: give a finite",
    ),
    "a bias that is NaN": (
        changed(members__1__bias=NAN),
        "members[1].bias of 'brain/a': the bias is finite (got nan). Mend: give a finite bias.",
    ),
    "a state outside the support": (
        changed(members__1__state=2),
        (
            "members[1].state of 'brain/a': the state of ContinuousBernoulli() lies in [-1, 1] "
            "... (got 2.0). Mend: give a state inside the support."
        ),
    ),
    "a memory that is infinite": (
        changed(members__1__memory={"field": INF}),
        "members[1].memory.field of 'brain/a': the field is finite (got inf). Mend: give",
    ),
    "an unknown source": (
        changed(couplings__0__source="brian/a"),
        (
            "couplings[0] of brian/a → brain/b: a path names an existing object (got 'brian/a') "
            "... Mend: did you mean 'brain/a' or 'brain/b'"
        ),
    ),
    "an unknown target": (
        changed(active__0__target="scenes"),
        (
            "active[0] of brain/b → scenes: a path names an existing object (got 'scenes') ... "
            "Mend: did you mean 'scene'?"
        ),
    ),
    "an unknown kind of member": (
        changed(members__1__kind="subpartcle"),
        (
            "members[1] of 'brain/a': the kind is one of 'partition', 'subparticle', "
            "'population', 'external' (got 'subpartcle'). Mend: did you mean 'subparticle'?"
        ),
    ),
    "a member without a kind": (
        changed(members__1={"path": "brain/a", "parent": "brain"}),
        "members[1] of 'brain/a': the kind is one of ... (got nothing). Mend: give one of them",
    ),
    "an unknown kind of distribution": (
        changed(members__1__distribution={"kind": "spins"}),
        (
            "members[1].distribution of 'brain/a': the kind of a distribution is one of ... "
            "(got 'spins'). Mend: use one of these, or import the module that registers it."
        ),
    ),
    "an unknown parameter of a distribution": (
        changed(members__1__distribution={"kind": "gaussian", "variance": 2.0}),
        (
            "members[1].distribution of 'brain/a': the parameters of 'gaussian' are "
            "'base_variance' ... (got 'variance'). Mend: leave the others out."
        ),
    ),
    "a parameter of a distribution that cannot be": (
        changed(members__1__distribution={"kind": "gaussian", "base_variance": -1.0}),
        "members[1].distribution of 'brain/a': ... (got -1.0). Mend:",
    ),
    "an unknown kind of boundary": (
        changed(couplings__0__boundary={"kind": "delt", "weight": 1.0}),
        (
            "couplings[0] of brain/a → brain/b: the kind of a conditional is one of 'delta' ... "
            "(got 'delt'). Mend: use a registered kind."
        ),
    ),
    "an unknown key": (
        changed(members__1__bais=0.5),
        (
            "members[1].bais of 'brain/a': the keys here are ... (got 'bais'). Mend: did you "
            "mean 'bias'?"
        ),
    ),
    "an unknown key in a coupling": (
        changed(couplings__0__plastics=True),
        (
            "couplings[0].plastics of brain/a → brain/b: the keys here are ... (got "
            "'plastics'). Mend: did you mean 'plastic'?"
        ),
    ),
    "an unknown key in settings": (
        changed(members__3__settings={"precison": 1.0}),
        (
            "members[3].settings.precison of 'cortex': the keys here are ... (got 'precison'). "
            "Mend: did you mean 'precision'?"
        ),
    ),
    "an unknown key that resembles nothing": (
        changed(zzz=1),
        "zzz: the keys here are ... (got 'zzz'). Mend: remove it.",
    ),
    "a missing key": (
        changed(couplings__0__boundary={"kind": "delta"}),
        (
            "couplings[0].boundary.weight of brain/a → brain/b: the key 'weight' is present ... "
            "(got nothing). Mend: add 'weight'."
        ),
    ),
    "text instead of a number": (
        changed(couplings__0__boundary__weight="0.8"),
        (
            "couplings[0].boundary.weight of brain/a → brain/b: 'weight' is a number (got "
            "'0.8') ... Mend: give a number, without quotes."
        ),
    ),
    "a number instead of text": (
        changed(couplings__0__source=3),
        (
            "couplings[0].source of 3 → brain/b: 'source' is a string (got 3). Mend: put it in "
            "quotes"
        ),
    ),
    "a number instead of true": (
        changed(couplings__0__plastic=1),
        "couplings[0].plastic of brain/a → brain/b: 'plastic' is true or false (got 1). Mend:",
    ),
    "a member that is text": (
        changed(members__5="brain/c"),
        "members[5]: an entry is an object (got 'brain/c'). Mend: put it in { }.",
    ),
    "members that are an object": (
        changed(members={"a": 1}),
        "members: 'members' is a list (got {'a': 1}). Mend: put it in [ ].",
    ),
    "a negative precision": (
        changed(members__0__settings={"precision": -1.0}),
        "members[0].settings.precision of 'brain': the precision is not negative (got -1.0)",
    ),
    "a clock of zero": (
        changed(settings={"clock": 0}),
        "settings.clock: the clock is at least 1 (got 0). Mend:",
    ),
    "a fractional clock": (
        changed(settings={"clock": 1.5}),
        "settings.clock: 'clock' is a whole number (got 1.5). Mend: give a whole number",
    ),
    "a negative time": (
        changed(time=-1),
        "time: the time counts the steps so far (got -1). Mend: give a whole",
    ),
    "another format": (
        changed(format="deepparticles"),
        "format: the format is 'deepparticle' (got 'deepparticles'). Mend: give a file that save",
    ),
    "another version": (
        changed(version=2),
        "version: this release reads version 1 (got 2). Mend: update deepparticle.",
    ),
    "an older version": (
        changed(version=0),
        "version: this release reads version 1 (got 0). Mend: give a file",
    ),
    "a value of another length": (
        changed(members__4__value=[1.0, 2.0]),
        (
            "members[4].value of 'scene': its value is one number, or one per sensing "
            "subparticle (1) ... (got shape (2,))"
        ),
    ),
    "a value that is NaN": (
        changed(members__4__value=[NAN]),
        "members[4].value of 'scene': its numbers are finite (got nan at [0]). Mend: replace NaN",
    ),
    "a population of nobody": (
        changed(members__3__size=0),
        "members[3].size of 'cortex': a population has at least one member (got 0). Mend: give",
    ),
    "a population with other numbers of biases": (
        changed(members__3__bias=[1.0, 2.0, 3.0]),
        "members[3].bias of 'cortex': it has shape (2,) (got shape (3,)). Mend: give one number",
    ),
    "a population with text for biases": (
        changed(members__3__bias="high"),
        "members[3].bias of 'cortex': 'bias' is numbers, or a stored array (got 'high')",
    ),
    "a population with states outside the support": (
        changed(members__3__state=[0.5, 2.0]),
        (
            "members[3].state of 'cortex': the states of ContinuousBernoulli() lie in [-1, 1] "
            "... (got 2.0 at [1]). Mend: give states inside the support."
        ),
    ),
    "a population with a diagonal": (
        changed(members__3__couplings={"layout": "dense", "weights": [[1.0, 2.0], [3.0, 0.0]]}),
        (
            "members[3].couplings.weights of 'cortex': a subparticle is not coupled to itself "
            "... (got 1 at [0, 0]). Mend: set the diagonal to 0."
        ),
    ),
    "a population with a sparse diagonal": (
        changed(
            members__3__couplings={
                "layout": "sparse",
                "targets": [0],
                "sources": [0],
                "weights": [0.0],
            }
        ),
        (
            "members[3].couplings of 'cortex': a subparticle is not coupled to itself ... (got "
            "weight 0 at [0, 0]). Mend: leave it out."
        ),
    ),
    "a population with NaN": (
        changed(members__3__couplings={"layout": "dense", "weights": [[0.0, NAN], [3.0, 0.0]]}),
        "members[3].couplings.weights of 'cortex': its numbers are finite (got nan at [0, 1])",
    ),
    "a population with ragged couplings": (
        changed(members__3__couplings={"layout": "dense", "weights": [[0.0], [3.0, 0.0]]}),
        "members[3].couplings.weights of 'cortex': all rows of a matrix are equally long",
    ),
    "a population with rows beyond it": (
        changed(
            members__3__couplings={
                "layout": "sparse",
                "targets": [2],
                "sources": [0],
                "weights": [1.0],
            }
        ),
        (
            "members[3].couplings.targets of 'cortex': its row numbers lie between 0 and 1 ... "
            "(got 2 at [0]). Mend: name members of this population."
        ),
    ),
    "a population with couplings twice": (
        changed(
            members__3__couplings={
                "layout": "sparse",
                "targets": [1, 1],
                "sources": [0, 0],
                "weights": [1.0, 2.0],
            }
        ),
        (
            "members[3].couplings.targets of 'cortex': a coupling is made once ... (got [1, 0] "
            "twice). Mend: leave one of them out."
        ),
    ),
    "a population with too few weights": (
        changed(
            members__3__couplings={
                "layout": "sparse",
                "targets": [1, 0],
                "sources": [0, 1],
                "weights": [1.0],
            }
        ),
        "members[3].couplings.weights of 'cortex': it has shape (2,) (got shape (1,))",
    ),
    "a population with another layout": (
        changed(members__3__couplings={"layout": "spares", "weights": [1.0]}),
        (
            "members[3].couplings of 'cortex': the layout is one of 'dense', 'sparse' (got "
            "'spares') ... Mend: did you mean 'sparse'?"
        ),
    ),
    "settings for a member that is not there": (
        changed(members__3__member_settings={"7": {"precision": 1.0}}),
        (
            "members[3].member_settings.7 of 'cortex': settings belong to a member (got '7') "
            "... Mend: name a row from 0 to 1."
        ),
    ),
    "an array that is not there": (
        changed(members__3__bias={"stored": "cortex.bias"}),
        (
            "members[3].bias of 'cortex': a stored array is in the file of arrays ... (got no "
            "array 'cortex.bias'). Mend: save the world again."
        ),
    ),
}


@pytest.mark.parametrize(("spec", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_spec_that_is_no_world(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(dp.PartitionError, match=says(message)) as caught:
        from_spec(spec)
    # One fault, not a cascade of what follows from it.
    assert len(caught.value.faults) == 1, str(caught.value)
    assert is_complete(caught.value)


def test_the_spec_without_changes_is_a_world() -> None:
    from_spec(SPEC).check()


@pytest.mark.parametrize("value", [None, [], "world", 3])
def test_a_spec_that_is_not_an_object(value: Any) -> None:
    with pytest.raises(dp.PartitionError, match=says("the spec: a spec is an object ... Mend:")):
        from_spec(value)


def test_all_faults_of_a_spec_at_once() -> None:
    spec = changed(
        members__1__parent=None,
        members__2__bias=NAN,
        members__3__bais=1.0,
        couplings__1=coupling("scene", "brain/b"),
        couplings__2={"source": "brain/b", "target": "cortex/1"},
        couplings__3=coupling("brain/b", "nowhere"),
        members__5={"kind": "partition", "path": "x", "parent": "y"},
        members__6={"kind": "partition", "path": "y", "parent": "x"},
        members__7={"kind": "subparticle", "path": "x/z", "parent": "x"},
        name="a/b",
    )
    with pytest.raises(dp.PartitionError) as caught:
        from_spec(spec)
    text = str(caught.value)
    for fragment in [
        "name: a name has no '/'",
        "members[3].bais of 'cortex': the keys here are",
        "members[1] of 'brain/a': a subparticle lies in one partition",
        "members[2].bias of 'brain/b': the bias is finite",
        "members[5] of 'x': the nesting is a tree",
        "couplings[1] of scene → brain/b: an external state and an internal state meet only",
        "couplings[2] of brain/b → cortex/1: a coupling passes through a boundary state",
        "couplings[3] of brain/b → nowhere: a path names an existing object",
    ]:
        assert fragment in text, text
    # What touches a member that cannot be built has no faults of its own.
    assert len(caught.value.faults) == 8, text


# ---------------------------------------------------------------------- anything at all


WORDS = ["", "a", "brain/a", "x/y", "cortex/1", "delta", "spin", "dense", "partition", "external"]
KEYS = [
    "kind",
    "path",
    "parent",
    "weight",
    "layout",
    "targets",
    "sources",
    "weights",
    "stored",
    "0",
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 5) | st.floats() | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=300)
@given(worlds(max_leaves=5), st.data())
def test_whatever_is_changed_the_spec_is_a_world_or_says_why(
    world: dp.Partition, data: st.DataObject
) -> None:
    spec = to_spec(world)
    raw = json.loads(spec.model_dump_json(exclude_unset=True))
    for _ in range(data.draw(st.integers(1, 3))):
        change_somewhere(raw, data)
    read = world_or_error(raw, spec.arrays)
    if isinstance(read, dp.PartitionError):
        assert is_complete(read)
        assert str(read)
    else:
        read.check()
        read.step(0)


def world_or_error(raw: Any, arrays: Any) -> dp.Partition | dp.PartitionError:
    try:
        return from_spec(raw, arrays=arrays)
    except dp.PartitionError as error:
        return error


def change_somewhere(raw: Any, data: st.DataObject) -> None:
    place: Any = raw
    while True:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], (dict, list)) and data.draw(st.integers(0, 3)):
            place = place[key]
            continue
        match data.draw(st.sampled_from(["replace", "remove", "repeat"])):
            case "replace":
                place[key] = data.draw(ANYTHING)
            case "remove":
                del place[key]
            case "repeat" if isinstance(place, list):
                place.append(copy.deepcopy(place[key]))
        return
