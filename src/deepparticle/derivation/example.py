"""A small world for those who bring none: what the command and the pages walk through."""

from __future__ import annotations

from deepparticle.partitions.partition import Partition

__all__ = ["example_world"]


def example_world() -> Partition:
    """The world that is walked through if none is given: three subparticles that see a scene.

    Examples
    --------
    >>> [leaf.path for leaf in example_world().subparticles]
    ['brain/eye', 'brain/memory', 'brain/hand']
    """
    world = Partition("world")
    brain = world.add_partition("brain", learning_rate=0.1)
    eye = brain.add_subparticle("eye", bias=0.2, state=0.5)
    memory = brain.add_subparticle("memory", state=-0.3)
    hand = brain.add_subparticle("hand", bias=-0.1, state=0.4)
    for one, other, weight in ((eye, memory, 0.8), (memory, hand, -0.6)):
        brain.couple(one, other, weight)
        brain.couple(other, one, weight)
    scene = world.add_external("scene", 0.7)
    world.sense(scene, eye)
    world.act(hand, scene)
    return world
