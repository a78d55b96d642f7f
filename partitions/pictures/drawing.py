"""A world as a picture: boxes inside boxes, with their blankets on the borders.

==================  ===============================================================================
what                how it is drawn
==================  ===============================================================================
partition           a rounded box, the darker the deeper; a population holds a grid of cells
subparticle         a circle, filled by its state: blue −1, white 0, red +1
external state      a hexagon outside the outermost box
coupling            an arrow from source to target: red positive, blue negative, width by weight
sensory state       a green disc on the border of every box that a coupling enters
active state        a golden diamond on the border of every box that a coupling leaves
==================  ===============================================================================

The colours are told apart with any colour vision, and no two things differ by colour alone. `scene`
turns the geometry of :mod:`.layout` into a list of shapes, back to front, in the same units; `draw`
paints them with matplotlib, and :mod:`.markup` writes them as SVG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepparticle.partitions.pictures.layout import layout
from deepparticle.partitions.pictures.scene import scene
from deepparticle.partitions.pictures.shapes import (
    Disc,
    Image,
    Label,
    Outline,
    Panel,
    Scene,
    Shape,
    state_colour,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from deepparticle.partitions.partition import Partition

__all__ = [
    "Disc",
    "Image",
    "Label",
    "Outline",
    "Panel",
    "Scene",
    "Shape",
    "draw",
    "scene",
    "state_colour",
]


def draw(
    partition: Partition,
    ax: Axes | None = None,
    *,
    weights: bool = True,
    labels: bool = True,
    legend: bool = True,
    title: str | None = None,
) -> Axes:
    """Draw a partition with matplotlib.

    Parameters
    ----------
    partition : Partition
        A world, or a partition inside one.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.
    weights : bool
        Whether colour and width of the arrows show the couplings; a handful is also written out.
    labels : bool
        Whether subparticles and external states show their names.
    legend : bool
        Whether a legend stands underneath.
    title : str, optional
        A title above the axes.

    Returns
    -------
    matplotlib.axes.Axes
        Every artist has a ``gid``, ``"role:path"``, for example ``"leaf:brain/a"``.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from deepparticle.partitions.partition import Partition
    >>> world = Partition("world")
    >>> _ = world.add_partition("brain").add_subparticle("a")
    >>> ax = world.draw(Figure().add_subplot())
    >>> [patch.get_gid() for patch in ax.patches][:4]
    ['paper', 'box:', 'box:brain', 'leaf:brain/a']
    """
    picture = scene(layout(partition), weights=weights, labels=labels, legend=legend)
    if ax is None:
        import matplotlib.pyplot

        # A leaf is about a centimetre across, unless the whole would then not fit on a screen.
        inches = min(0.21, 13.0 / picture.width, 9.0 / picture.height)
        size = (picture.width * inches, picture.height * inches + (0.35 if title else 0.0))
        top = picture.height * inches / size[1]
        _, ax = matplotlib.pyplot.subplots(
            figsize=size, gridspec_kw={"left": 0, "right": 1, "bottom": 0, "top": top}
        )
    ax.set(
        xlim=(picture.x, picture.x + picture.width), ylim=(picture.y + picture.height, picture.y)
    )
    ax.set_aspect("equal")
    ax.set_axis_off()
    if title is not None:
        ax.set_title(title)
    # Letters and lines are measured in points, everything else in our unit.
    extent = ax.get_window_extent()
    pixels = min(extent.width / picture.width, extent.height / picture.height)
    points = pixels * 72.0 / ax.get_figure(root=True).dpi  # type: ignore[union-attr]
    for order, shape in enumerate(picture.shapes):
        _paint(ax, shape, points, 1.0 + order * 1e-5)
    return ax


def _paint(ax: Axes, shape: Shape, points: float, order: float) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
    from matplotlib.path import Path
    from matplotlib.patheffects import withStroke

    gid = f"{shape.role}:{shape.path}" if shape.role not in ("paper", "legend") else shape.role
    artist: Any
    if isinstance(shape, Panel):
        artist = FancyBboxPatch(
            (shape.x, shape.y),
            shape.width,
            shape.height,
            boxstyle=f"round,pad=0,rounding_size={shape.radius}",
            facecolor=shape.fill,
            edgecolor=shape.stroke or "none",
            linewidth=shape.line * points,
        )
    elif isinstance(shape, Disc):
        artist = Circle(
            (shape.x, shape.y),
            shape.radius,
            facecolor=shape.fill,
            edgecolor=shape.stroke,
            linewidth=shape.line * points,
        )
    elif isinstance(shape, Outline):
        codes = None
        if shape.curved:
            codes = [Path.MOVETO] + [Path.CURVE4] * (len(shape.points) - 1)
        closed = not shape.curved and len(shape.points) > 2
        path = (
            Path([*shape.points, shape.points[0]], closed=True)
            if closed
            else Path(list(shape.points), codes)
        )
        artist = PathPatch(
            path,
            facecolor=shape.fill or "none",
            edgecolor=shape.stroke or "none",
            linewidth=shape.line * points,
            alpha=shape.opacity,
            capstyle="butt",
            joinstyle="miter",
        )
    elif isinstance(shape, Image):
        from matplotlib.colors import to_rgb
        from matplotlib.image import AxesImage

        # Not ax.imshow, which would turn the axes to its own limits and aspect.
        artist = AxesImage(
            ax,
            interpolation="nearest",
            origin="upper",
            resample=False,
            extent=(shape.x, shape.x + shape.width, shape.y + shape.height, shape.y),
        )
        artist.set_data([[to_rgb(colour) for colour in row] for row in shape.colours])
        artist.set_gid(gid)
        artist.set_zorder(order)
        ax.add_image(artist)
        return
    elif isinstance(shape, Label):
        size = shape.size * points
        if size < 2.5:
            return  # smaller than anyone can read
        side = {"start": "left", "middle": "center", "end": "right"}[shape.anchor]
        artist = ax.text(
            shape.x,
            shape.y,
            shape.text,
            fontsize=size,
            color=shape.colour,
            horizontalalignment=side,
            verticalalignment="baseline",
            zorder=order,
            fontweight="bold" if shape.bold else "normal",
            parse_math=False,
            clip_on=False,
        )
        if shape.halo:
            artist.set_path_effects([withStroke(linewidth=0.3 * size, foreground=shape.halo)])
        artist.set_gid(gid)
        return
    artist.set_gid(gid)
    artist.set_zorder(order)
    ax.add_patch(artist)
