"""Every error of building says what is wrong, and changes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.errors import STRANGER, Case, example, is_complete, says
from support.worlds import portrait

import deepparticle as dp

NAN, INF = math.nan, math.inf

COUPLING: dict[str, Case] = {
    "an external state as source": (
        dp.BlanketError,
        lambda w: w.couple("scene", "brain/a", 0.8),
        (
            "scene → brain/a: ... only through a macro-scale sensory state ... (got a direct "
            "coupling with 'scene') ... Mend: use world.sense('scene', 'brain/a')."
        ),
    ),
    "an external state as target": (
        dp.BlanketError,
        lambda w: w.couple("brain/a", "scene", 0.8),
        (
            "brain/a → scene: ... only through a macro-scale active state ... (got a direct "
            "coupling with 'scene') ... Mend: use world.act('brain/a', 'scene')."
        ),
    ),
    "an external state in a block": (
        dp.BlanketError,
        lambda w: w.couple(["brain/a", "scene"], ["lonely"], 0.8),
        "scene → lonely: ... macro-scale sensory state ... use world.sense('scene', 'lonely')",
    ),
    "itself": (
        dp.PartitionError,
        lambda w: w.couple("brain/a", "brain/a", 0.8),
        "brain/a: a subparticle is not coupled to itself ... (got weight 0.8) ... its bias",
    ),
    "a member of a population to itself": (
        dp.PartitionError,
        lambda w: w["cortex"][1] and w.couple("cortex/1", "cortex/1", 0.8),
        "cortex/1: a subparticle is not coupled to itself ... (got weight 0.8) ... its bias",
    ),
    "twice": (
        dp.PartitionError,
        lambda w: w.couple("brain/a", "brain/b", 0.3),
        (
            "brain/a → brain/b: a coupling is made once ... (got one that exists already, with "
            "weight 0.8) ... uncouple()"
        ),
    ),
    "twice in a population": (
        dp.PartitionError,
        lambda w: w.couple("cortex/0", "cortex/1", 0.3),
        "cortex/0 → cortex/1: a coupling is made once ... weight 1 ... uncouple()",
    ),
    "twice in a block": (
        dp.PartitionError,
        lambda w: w.couple("brain", "brain", 0.3),
        "brain/a → brain/b: a coupling is made once ... weight 0.8 ... uncouple()",
    ),
    "an object of another world": (
        dp.PartitionError,
        lambda w: w.couple(STRANGER, "brain/a"),
        (
            "world: only objects of one world can be joined ... (got 'a' of world 'elsewhere') "
            "... Mend: add it to 'world' or use a path of this world"
        ),
    ),
    "NaN": (
        dp.SettingError,
        lambda w: w.couple("brain/b", "brain/a", NAN),
        "brain/b → brain/a: the weight is finite (got nan). Mend: give a finite weight.",
    ),
    "infinity": (
        dp.SettingError,
        lambda w: w.couple("brain/b", "brain/a", -INF),
        "brain/b → brain/a: the weight is finite (got -inf). Mend: give a finite weight.",
    ),
    "text as weight": (
        dp.SettingTypeError,
        lambda w: w.couple("brain/b", "brain/a", "0.8"),
        "brain/b → brain/a: the weight is a real number (got '0.8'). Mend: give the weight as a",
    ),
    "text as plasticity": (
        dp.SettingTypeError,
        lambda w: w.couple("brain/b", "brain/a", 0.8, plastic="no"),
        "plastic is True or False (got 'no'). Mend: give plastic=True",
    ),
    "an unknown path": (
        dp.UnknownPathError,
        lambda w: w.couple("brian/a", "brain/b"),
        "world: a path names an existing object (got 'brian/a'). Mend: did you mean 'brain/a'",
    ),
    "neither an object nor a path": (
        dp.SettingTypeError,
        lambda w: w.couple(3, "brain/b"),
        "world: an object is named by itself or by its path (got 3). Mend: give a member",
    ),
    "a matrix of another shape": (
        dp.SettingError,
        lambda w: w.couple("brain", "cortex", np.ones((2, 3))),
        (
            "world ... the weights have shape (3, 2), target × source (got shape (2, 3)). Mend: "
            "give an"
        ),
    ),
    "a ragged matrix": (
        dp.SettingTypeError,
        lambda w: w.couple("brain", "cortex", [[1, 2], [3]]),
        "world ... the weights are a matrix of numbers ... (got [[1, 2], [3]]) ... give an array",
    ),
    "a matrix with NaN": (
        dp.SettingError,
        lambda w: w.couple("brain", "cortex", [[1, 2], [3, NAN], [5, 6]]),
        "world ... the weights are finite (got nan at [1, 1]). Mend: replace NaN and inf.",
    ),
    "a block with a diagonal": (
        dp.PartitionError,
        lambda w: w["inner"].couple("core", "core", [[2.0]]),
        (
            "inner/core/c: a subparticle is not coupled to itself (got weight 2 at [0, 0]). "
            "Mend: leave"
        ),
    ),
    "a block that names one twice": (
        dp.PartitionError,
        lambda w: w.couple(["brain/a", "brain/a"], "cortex"),
        "world ... the sources of a block differ (got 'brain/a' twice). Mend: name it once.",
    ),
    "a lattice of another size": (
        dp.SettingError,
        lambda w: w["brain"].couple_lattice((2, 2)),
        "brain: a lattice has as many sites as leaves (2) (got shape (2, 2)). Mend: choose sides",
    ),
    "a lattice of fractional size": (
        dp.SettingTypeError,
        lambda w: w["brain"].couple_lattice((2, 1.0)),
        (
            "brain: the shape of a lattice holds whole numbers (got (2, 1.0)). Mend: give for "
            "example"
        ),
    ),
    "a lattice without sides": (
        dp.SettingTypeError,
        lambda w: w["brain"].couple_lattice(2),
        "brain: the shape of a lattice holds whole numbers (got 2). Mend: give for example",
    ),
    "a ring twice": (
        dp.PartitionError,
        lambda w: w["brain"].couple_ring(),
        "brain/a → brain/b: a coupling is made once ... weight 0.8 ... uncouple()",
    ),
    "uncoupling what is not coupled": (
        dp.PartitionError,
        lambda w: w.uncouple("lonely", "brain/b"),
        (
            "lonely → brain/b: only a boundary state that exists can be removed ... (got no "
            "such boundary state) ... Mend: 'brain/b' senses 'brain/a'"
        ),
    ),
}

OUTSIDE: dict[str, Case] = {
    "sensing a subparticle": (
        dp.BlanketError,
        lambda w: w.sense("brain/a", "brain/b"),
        (
            "brain/a: a macro-scale boundary state joins an external state (got a Subparticle) "
            "... Mend: use sense(external, subparticle), or couple()"
        ),
    ),
    "acting on a subparticle": (
        dp.BlanketError,
        lambda w: w.act("brain/a", "brain/b"),
        (
            "brain/b: a macro-scale boundary state joins an external state (got a Subparticle) "
            "... Mend: use act(subparticle, external), or couple()"
        ),
    ),
    "an external state that senses another": (
        dp.BlanketError,
        lambda w: w.sense("scene", "screen"),
        (
            "screen: external states do not act on one another through a blanket ... (got two "
            "external states in sense ... Mend: let a process couple them"
        ),
    ),
    "sensing twice": (
        dp.PartitionError,
        lambda w: w.sense("scene", "brain/a", 2.0),
        (
            "scene → brain/a: a connection is made once (got one that exists already, with "
            "weight 1) ... uncouple()"
        ),
    ),
    "acting twice": (
        dp.PartitionError,
        lambda w: w.act("brain/b", "scene", 2.0),
        (
            "brain/b → scene: a connection is made once (got one that exists already, with "
            "weight 1) ... uncouple()"
        ),
    ),
    "sensing twice in one call": (
        dp.PartitionError,
        lambda w: w.sense("scene", ["lonely", "lonely"]),
        "scene: the subparticles of a block differ (got 'lonely' twice). Mend: name it once.",
    ),
    "sensing with an infinite weight": (
        dp.SettingError,
        lambda w: w.sense("scene", "brain/b", INF),
        "'scene' and brain/b: the weight is finite (got inf). Mend: give a finite weight.",
    ),
    "acting with NaN": (
        dp.SettingError,
        lambda w: w.act("brain/a", "scene", NAN),
        "'scene' and brain/a: the weight is finite (got nan). Mend: give a finite weight.",
    ),
    "weights of another shape": (
        dp.SettingError,
        lambda w: w.sense("scene", "cortex", [1.0, 2.0]),
        (
            "'scene' and cortex: the weight is a number or has shape (3,) (got shape (2,)) ... "
            "Mend: give one weight per subparticle"
        ),
    ),
    "text as weight": (
        dp.SettingError,
        lambda w: w.sense("scene", "brain/b", "much"),
        "'scene' and brain/b: the weight is a number or has shape (1,) (got 'much'). Mend: give",
    ),
    "a ragged weight": (
        dp.SettingError,
        lambda w: w.act("cortex", "scene", [1, [2, 3]]),
        "'scene' and cortex: the weight is a number or has shape (3,) (got [1, [2, 3]]). Mend:",
    ),
    "one more that senses a vector": (
        dp.SettingError,
        lambda w: w.sense("screen", "brain/a"),
        (
            "screen: its value has one entry per sensing subparticle ... (got 2 entries and 1 "
            "to sense it) ... Mend: set a scalar value"
        ),
    ),
    "a value of another length": (
        dp.SettingError,
        lambda w: setattr(w["scene"], "value", [1.0, 2.0]),
        (
            "scene: its value is one number, or one per sensing subparticle (1) (got shape "
            "(2,)) ... Mend: give a scalar or an array of shape (1,)"
        ),
    ),
    "a value that is NaN": (
        dp.SettingError,
        lambda w: setattr(w["scene"], "value", NAN),
        "scene: an external state is finite (got nan). Mend: replace NaN and inf.",
    ),
    "a value that is text": (
        dp.SettingTypeError,
        lambda w: setattr(w["scene"], "value", "bright"),
        "scene: an external state holds numbers (got 'bright'). Mend: give floats.",
    ),
    "a process that cannot be called": (
        dp.SettingTypeError,
        lambda w: w.add_external("sound", process=3),
        "sound: a process is a callable ... (got 3) ... Mend: give a function, or None",
    ),
    "an external state inside a partition": (
        dp.BlanketError,
        lambda w: w["brain"].add_external("sound"),
        (
            "brain: only the root holds external states (got external 'sound' in a partition) "
            "... Mend: use world.add_external('sound')"
        ),
    ),
    "evidence for one that senses nothing": (
        dp.BlanketError,
        lambda w: w["lonely"].sense(0.5),
        (
            "lonely: evidence reaches a subparticle only through a macro-scale sensory state "
            "... (got 0.5) ... Mend: connect it first: world.sense(external, 'lonely')"
        ),
    ),
}


def naming(add: Callable[[Any, Any], object], kind: str) -> dict[str, Case]:
    """The ways to misname a member, for one way to add it."""
    return {
        f"{kind}: a name that is taken": (
            dp.PartitionError,
            lambda w: add(w, "brain"),
            "world: the names of siblings differ (got 'brain'). Mend: choose another name",
        ),
        f"{kind}: an empty name": (
            dp.PartitionError,
            lambda w: add(w, ""),
            "a name is not empty (got ''). Mend: give the member a name.",
        ),
        f"{kind}: a blank name": (
            dp.PartitionError,
            lambda w: add(w, " "),
            "a name is not empty (got ' '). Mend: give the member a name.",
        ),
        f"{kind}: a name with a slash": (
            dp.PartitionError,
            lambda w: add(w, "left/a"),
            "a name has no '/' ... (got 'left/a'). Mend: use 'left_a', or nest partitions.",
        ),
        f"{kind}: a number as name": (
            dp.SettingTypeError,
            lambda w: add(w, 7),
            "a name is a string (got 7). Mend: use '7'.",
        ),
    }


ADDING: dict[str, Case] = {
    **naming(lambda w, name: w.add_subparticle(name), "subparticle"),
    **naming(lambda w, name: w.add_partition(name), "partition"),
    **naming(lambda w, name: w.add_population(name, 2), "population"),
    **naming(lambda w, name: w.add_external(name), "external state"),
    "an infinite bias": (
        dp.SettingError,
        lambda w: w.add_subparticle("new", bias=INF),
        "new: the bias is finite (got inf). Mend: give a finite bias.",
    ),
    "a state outside the support": (
        dp.SettingError,
        lambda w: w.add_subparticle("new", state=2.0),
        (
            "new: the state of ContinuousBernoulli() lies in [-1, 1] (got 2.0). Mend: give a "
            "state in"
        ),
    ),
    "a distribution that is none": (
        dp.SettingTypeError,
        lambda w: w.add_subparticle("new", distribution="spin"),
        "new: the distribution is a StateDistribution (got 'spin'). Mend: give for example",
    ),
    "a negative precision": (
        dp.SettingError,
        lambda w: w.add_partition("new", precision=-1.0),
        "new: the precision is not negative (got -1.0). Mend: give a precision ≥ 0.",
    ),
    "an infinite learning rate": (
        dp.SettingError,
        lambda w: w.add_partition("new", learning_rate=INF),
        "new: the learning_rate is finite (got inf). Mend: give a finite learning_rate.",
    ),
    "a fractional clock": (
        dp.SettingTypeError,
        lambda w: w.add_partition("new", clock=1.5),
        "new: the clock is a whole number of steps (got 1.5). Mend: give 1, 2, 3",
    ),
    "a clock of zero": (
        dp.SettingError,
        lambda w: w.add_partition("new", clock=0),
        "new: the clock is at least 1 (got 0). Mend: clock=1 updates in every step.",
    ),
    "a misspelled setting": (
        dp.SettingTypeError,
        lambda w: w.add_subparticle("new", precison=0.5),
        (
            "new: the settings are 'precision', 'learning_rate', 'clock', 'time_step', "
            "'learning_rule' (got precison=0.5). Mend: did you mean 'precision'?"
        ),
    ),
    "a setting that is none": (
        dp.SettingTypeError,
        lambda w: w.add_partition("new", state=0.5),
        "new: the settings are ... (got state=0.5). Mend: leave it out.",
    ),
    "a population of nobody": (
        dp.SettingError,
        lambda w: w.add_population("new", 0),
        "new: a population has at least one member (got 0). Mend: give a size ≥ 1.",
    ),
    "a population of fractional size": (
        dp.SettingTypeError,
        lambda w: w.add_population("new", 2.5),
        "new: the size is a whole number (got 2.5). Mend: give 1, 2, 3",
    ),
    "a population with a diagonal": (
        dp.PartitionError,
        lambda w: w.add_population("new", 2, couplings=np.ones((2, 2))),
        "new/0: a subparticle is not coupled to itself (got J[0, 0] = 1). Mend: set the diagonal",
    ),
    "couplings of another shape": (
        dp.SettingError,
        lambda w: w.add_population("new", 2, couplings=np.zeros((3, 2))),
        "new: the couplings have shape (2, 2), target × source (got shape (3, 2)). Mend: give an",
    ),
    "couplings with NaN": (
        dp.SettingError,
        lambda w: w.add_population("new", 2, couplings=[[0, NAN], [0, 0]]),
        "new: the couplings are finite (got nan at [0, 1]). Mend: replace NaN and inf.",
    ),
    "biases of another shape": (
        dp.SettingError,
        lambda w: w.add_population("new", 2, bias=[1.0, 2.0, 3.0]),
        "new: the bias is a number or has shape (2,) (got shape (3,)). Mend: give 2 numbers.",
    ),
    "biases with NaN": (
        dp.SettingError,
        lambda w: w.add_population("new", 2, bias=[1.0, NAN]),
        "new: the biases are finite (got NaN or inf). Mend: replace them.",
    ),
    "biases that are text": (
        dp.SettingTypeError,
        lambda w: w.add_population("new", 2, bias="high"),
        "new: the biases are numbers (got 'high'). Mend: give floats.",
    ),
}

CASES = {
    f"{group}: {name}": case
    for group, cases in [("coupling", COUPLING), ("the world outside", OUTSIDE), ("adding", ADDING)]
    for name, case in cases.items()
}


@pytest.mark.parametrize(("error", "action", "message"), CASES.values(), ids=CASES.keys())
def test_a_refusal_says_what_is_wrong_and_changes_nothing(
    error: type[Exception], action: Callable[[Any], object], message: str
) -> None:
    world = example()
    with pytest.raises(error, match=says(message)) as caught:
        action(world)
    assert is_complete(caught.value)
    assert portrait(world) == portrait(example())
    world.check()
