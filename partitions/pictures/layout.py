"""Where a world is drawn: boxes inside boxes, leaves, blankets and couplings, as plain geometry.

What is inside what is a tree, and a tree can be drawn as nested boxes. Three passes do it, without
randomness and without iteration, so that the same world always looks the same:

1. *pack*, from the inside outwards. The leaves of one partition form a ring where they are coupled
   to one another (no three of them lie on a line, so every coupling is a chord of its own) and a
   grid elsewhere; a population is a grid of small cells. The leaves and the boxes of a partition
   are then set in rows, like words in a paragraph, in the line length that gives the most compact
   box. Siblings cannot overlap and children lie strictly inside, by construction;
2. *place* what lies outside beside the outermost box: what is sensed to the left, what is only
   acted on to the right, each at the height of what it is joined to;
3. *route*. A boundary state crosses the border of every box that holds exactly one of its ends: it
   is an active state of the boxes that it leaves and a sensory state of those that it enters. It
   has a place of its own on each of these borders, and its curve passes through all of them.

Lengths are in radii of a leaf; x points to the right, y downwards. :mod:`.drawing` and
:mod:`.markup` turn the geometry into pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepparticle.partitions.pictures.canvas import Canvas
from deepparticle.partitions.pictures.geometry import (
    Box,
    Crossing,
    Layout,
    Link,
    Mosaic,
    Spot,
    letters,
)
from deepparticle.partitions.pictures.joining import explicit_boundaries, strongest, wires_of
from deepparticle.partitions.pictures.packing import pack_partition
from deepparticle.partitions.pictures.routing import Router

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = [
    "Box",
    "Crossing",
    "Layout",
    "Link",
    "Mosaic",
    "Spot",
    "explicit_boundaries",
    "layout",
    "letters",
]


def layout(partition: Partition, *, most_links: int = 400, most_cells: int = 400) -> Layout:
    """Lay a partition out.

    Parameters
    ----------
    partition : Partition
        A world, or a partition inside one, which is drawn with what its blanket joins it to.
    most_links : int
        Where there are more, only the strongest are drawn.
    most_cells : int
        Larger populations are summarised in a `Mosaic` of averages.

    Returns
    -------
    Layout

    Examples
    --------
    >>> from deepparticle.partitions.partition import Partition
    >>> world = Partition("world")
    >>> brain = world.add_partition("brain")
    >>> _ = brain.add_subparticle("a"), world.add_subparticle("b")
    >>> _ = world.couple("brain/a", "b", 0.8)
    >>> plan = layout(world)
    >>> [box.path for box in plan.boxes], [spot.path for spot in plan.spots]
    (['', 'brain'], ['b', 'brain/a'])
    >>> [(crossing.box, crossing.kind) for crossing in plan.links[0].crossings]
    [('brain', 'active')]
    """
    wires = wires_of(partition, most_cells)
    coupled = {id(wire.source.parent) for wire in wires if wire.source.parent is wire.target.parent}
    wires, hidden = strongest(wires, most_links)
    canvas = Canvas()
    canvas.put(pack_partition(partition, 0, coupled, most_cells), 0.0, 0.0, None)
    canvas.put_outside(partition, wires)
    links = Router(canvas).route(wires)
    spots = tuple(canvas.spots)
    world = canvas.boxes[partition.path]
    left = min([world.x, *(s.x - max(s.radius, s.room / 2) for s in spots if s.box is None)])
    top = min([world.y, *(s.y - s.radius for s in spots if s.box is None)])
    right = max(
        [world.x + world.width, *(s.x + max(s.radius, s.room / 2) for s in spots if s.box is None)]
    )
    bottom = max([world.y + world.height, *(s.y + s.radius + 1.2 for s in spots if s.box is None)])
    return Layout(
        tuple(canvas.boxes.values()),
        spots,
        tuple(canvas.mosaics),
        links,
        hidden,
        left - 0.5,
        top - 0.5,
        right - left + 1.0,
        bottom - top + 1.0,
    )
