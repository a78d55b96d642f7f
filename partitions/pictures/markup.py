"""A world as text: an SVG picture, an HTML summary for notebooks, and a tree for the terminal.

The SVG is written from the same shapes as the matplotlib picture (see :mod:`.drawing`), without
matplotlib. It stands alone: no scripts, no style sheets, no fonts or images from elsewhere. It
brings its own light paper, so that it is as readable in a dark notebook as in a white one. Every
state, box, coupling and crossing has a tooltip with its path and value.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeGuard
from xml.etree import ElementTree

from deepparticle.agents.external import ExternalState
from deepparticle.agents.member import Member
from deepparticle.agents.subparticle import Subparticle
from deepparticle.partitions.pictures.drawing import (
    Disc,
    Image,
    Label,
    Outline,
    Panel,
    Shape,
    scene,
)
from deepparticle.partitions.pictures.joining import blocks_inside, explicit_boundaries
from deepparticle.partitions.pictures.layout import layout
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["counts", "html", "svg", "tree_text"]

_FONT = "DejaVu Sans, Verdana, Segoe UI, Helvetica, Arial, sans-serif"
_LINES = 23  # of the tree, below its head


# ------------------------------------------------------------------------------ SVG


def svg(partition: Partition) -> str:
    """A partition as a stand-alone SVG picture.

    Parameters
    ----------
    partition : Partition
        A world, or a partition inside one.

    Returns
    -------
    str
        One ``<svg>`` element. Its shapes have a ``class`` (``leaf``, ``box``, ``coupling``,
        ``sensory``, …) and a ``data-path``.

    Examples
    --------
    >>> from deepparticle.partitions.partition import Partition
    >>> world = Partition("<b>&")
    >>> picture = svg(world)
    >>> picture[:4], "&lt;b&gt;&amp;" in picture, "<b>" in picture
    ('<svg', True, False)
    """
    return ElementTree.tostring(_svg_element(partition), encoding="unicode")


def _svg_element(partition: Partition) -> ElementTree.Element:
    picture = scene(layout(partition))
    # A leaf is about a centimetre across, unless the whole would then not fit on a screen.
    pixels = min(20.0, 1000.0 / picture.width, 800.0 / picture.height)
    element = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": " ".join(
                map(_number, (picture.x, picture.y, picture.width, picture.height))
            ),
            "width": _number(pixels * picture.width),
            "height": _number(pixels * picture.height),
            "role": "img",
            "font-family": _FONT,
        },
    )
    ElementTree.SubElement(element, "title").text = _printable(f"Partition {partition.name}")
    for shape in picture.shapes:
        _add_shape(element, shape)
    return element


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _printable(text: str) -> str:
    # XML has no way to write control characters, and a terminal or a tooltip no way to show them.
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _add_shape(parent: ElementTree.Element, shape: Shape) -> None:
    made: ElementTree.Element
    if isinstance(shape, Panel):
        made = _child(
            parent,
            shape,
            "rect",
            x=shape.x,
            y=shape.y,
            width=shape.width,
            height=shape.height,
            rx=shape.radius,
        )
        _paint(made, shape.fill, shape.stroke, shape.line)
    elif isinstance(shape, Disc):
        made = _child(parent, shape, "circle", cx=shape.x, cy=shape.y, r=shape.radius)
        _paint(made, shape.fill, shape.stroke, shape.line)
    elif isinstance(shape, Outline):
        made = _child(parent, shape, "path")
        made.set("d", _outline(shape))
        _paint(made, shape.fill, shape.stroke, shape.line)
        if shape.opacity < 1.0:
            made.set("opacity", _number(shape.opacity))
    elif isinstance(shape, Image):
        made = _child(parent, shape, "g")
        made.set("shape-rendering", "crispEdges")
        _add_image(made, shape)
    elif isinstance(shape, Label):
        _add_label(parent, shape)
        return
    else:
        raise TypeError(f"no markup for {type(shape).__name__}")
    if shape.about:
        # A tooltip is only shown if it is the first child.
        title = ElementTree.Element("title")
        title.text = _printable(shape.about)
        made.insert(0, title)


def _child(
    parent: ElementTree.Element, shape: Shape, tag: str, **numbers: float
) -> ElementTree.Element:
    attributes = {"class": shape.role}
    if shape.path or shape.about:
        attributes["data-path"] = _printable(shape.path)
    attributes |= {name: _number(value) for name, value in numbers.items()}
    return ElementTree.SubElement(parent, tag, attributes)


def _paint(element: ElementTree.Element, fill: str | None, stroke: str | None, line: float) -> None:
    element.set("fill", fill or "none")
    if stroke is not None:
        element.set("stroke", stroke)
        element.set("stroke-width", _number(line))


def _outline(shape: Outline) -> str:
    points = [f"{_number(x)} {_number(y)}" for x, y in shape.points]
    if shape.curved:
        return f"M{points[0]}C{' '.join(points[1:])}"
    return f"M{'L'.join(points)}" + ("Z" if len(points) > 2 else "")


def _add_image(group: ElementTree.Element, image: Image) -> None:
    # One path for each colour, of runs of equal neighbours: far shorter than one element each.
    width = image.width / len(image.colours[0])
    height = image.height / len(image.colours)
    runs: dict[str, list[str]] = {}
    for row, colours in enumerate(image.colours):
        start = 0
        for column in range(1, len(colours) + 1):
            if column == len(colours) or colours[column] != colours[start]:
                x, y = image.x + start * width, image.y + row * height
                length = _number((column - start) * width)
                runs.setdefault(colours[start], []).append(
                    f"M{_number(x)} {_number(y)}h{length}v{_number(height)}h-{length}z"
                )
                start = column
    for colour, pieces in runs.items():
        ElementTree.SubElement(group, "path", {"fill": colour, "d": "".join(pieces)})


def _add_label(parent: ElementTree.Element, label: Label) -> None:
    attributes = {
        "class": label.role,
        "x": _number(label.x),
        "y": _number(label.y),
        "font-size": _number(label.size),
        "text-anchor": label.anchor,
        "pointer-events": "none",  # the tooltip of what it stands on shows through
    }
    if label.bold:
        attributes["font-weight"] = "bold"
    if label.halo:
        # Painted first and apart, since not every viewer knows paint-order.
        rim = {
            "stroke": label.halo,
            "stroke-width": _number(0.3 * label.size),
            "stroke-linejoin": "round",
            "fill": label.halo,
            "aria-hidden": "true",
        }
        ElementTree.SubElement(
            parent, "text", attributes | rim | {"class": "halo"}
        ).text = _printable(label.text)
    ElementTree.SubElement(parent, "text", attributes | {"fill": label.colour}).text = _printable(
        label.text
    )


# ------------------------------------------------------------------------------ HTML


def counts(partition: Partition) -> dict[str, int]:
    """How much of what is inside a partition, at any depth.

    Returns
    -------
    dict
        The numbers of ``partitions`` (populations included), ``subparticles``,
        ``boundary states`` (of all kinds) and, for a root, ``externals``.

    Examples
    --------
    >>> import numpy as np
    >>> from deepparticle.partitions.partition import Partition
    >>> world = Partition("world")
    >>> _ = world.add_population("cortex", 3, couplings=np.zeros((3, 3)))
    >>> _ = world.sense(world.add_external("scene"), "cortex")
    >>> counts(world)
    {'partitions': 1, 'subparticles': 3, 'boundary states': 9, 'externals': 1}
    """
    found = {"partitions": 0, "subparticles": 0, "boundary states": 0}
    for member in partition.walk():
        if isinstance(member, Subparticle):
            found["subparticles"] += 1
        elif isinstance(member, Population):
            found["partitions"] += 1
            found["subparticles"] += member.size
            found["boundary states"] += member.storage.count
        elif not isinstance(member, ExternalState):
            found["partitions"] += 1
    found["boundary states"] += sum(1 for _ in explicit_boundaries(partition))
    found["boundary states"] += sum(len(block) for block in blocks_inside(partition))
    if partition.parent is None:
        found["externals"] = len(partition.externals)
    return found


def _counted(number: int, plural: str) -> str:
    return f"{number} {plural if number != 1 else plural[:-1]}"


def _settings(member: Member) -> list[str]:
    return [
        f"{name}={value if isinstance(value, str) else format(value, '.6g')}"
        for name, value in member.own_settings.items()
    ]


def html(partition: Partition) -> str:
    """A partition as HTML for a notebook: its picture, and a summary in one or two lines.

    Parameters
    ----------
    partition : Partition
        A world, or a partition inside one.

    Returns
    -------
    str
        One ``<div>`` element.

    Examples
    --------
    >>> from deepparticle.partitions.partition import Partition
    >>> "0 subparticles" in html(Partition("world"))
    True
    """
    division = ElementTree.Element("div", {"class": "deepparticle"})
    summary = ElementTree.SubElement(division, "p", {"style": "margin: 0.2em 0"})
    name = ElementTree.SubElement(summary, "strong")
    name.text = _printable(partition.path or partition.name)
    parts = [_counted(number, what) for what, number in counts(partition).items()]
    if partition.parent is None:
        parts += [
            f"{setting}={getattr(partition, setting):.6g}"
            for setting in ("precision", "learning_rate", "clock")
        ]
    else:
        parts += _settings(partition)
    name.tail = " · " + " · ".join(parts)
    picture = _svg_element(partition)
    # Only here: some viewers of SVG files take the style for the size.
    picture.set("style", "max-width: 100%; height: auto")
    division.append(picture)
    return ElementTree.tostring(division, encoding="unicode")


# ------------------------------------------------------------------------------ plain text


def tree_text(partition: Partition) -> str:
    """A partition as plain text: what is inside what, in about two dozen lines at most.

    Parameters
    ----------
    partition : Partition
        A world, or a partition inside one.

    Returns
    -------
    str
        Names, own settings, distributions and states; what does not fit is counted.

    Examples
    --------
    >>> from deepparticle.partitions.partition import Partition
    >>> world = Partition("world")
    >>> brain = world.add_partition("brain", precision=0.17)
    >>> _ = brain.add_subparticle("a", bias=0.2), brain.add_subparticle("b")
    >>> _ = brain.couple("a", "b", 0.8)
    >>> _ = world.sense(world.add_external("scene"), "brain/a")
    >>> print(tree_text(world))
    <Partition 'world': 1 partition, 2 subparticles, 2 boundary states, 1 external>
    ├─ brain: precision=0.17
    │  ├─ a: ContinuousBernoulli(), state=0, bias=0.2
    │  └─ b: ContinuousBernoulli(), state=0, bias=0
    └─ scene: external, value=0, sensed by 1, acted on by 0
    """
    parts = ", ".join(_counted(number, what) for what, number in counts(partition).items())
    own = _settings(partition)
    head = (
        f"<Partition {_printable(partition.path or partition.name)!r}: {parts}"
        f"{'; ' + ', '.join(own) if own else ''}>"
    )
    # What lies deep inside gives way first, so that nothing is hidden behind the first partition.
    for inner in (_LINES, 12, 8, 6, 4, 3, 2, 0):
        lines = list(islice(_branches(partition, _LINES, inner, ""), _LINES + 1))
        if len(lines) <= _LINES:
            break
    return "\n".join([head, *lines])


def _branches(partition: Partition, most: int, inner: int, indent: str) -> Iterator[str]:
    """The lines of a tree: up to `most` for the members, up to `inner` for those of each."""
    members = partition.members
    shown = members if len(members) <= most else members[: max(most - 1, 0)]
    for number, member in enumerate(shown, 1):
        is_last = number == len(members)
        parts = _described(member)
        if _is_partition(member) and not inner:
            parts.insert(0, _counted(len(member), "members"))
        text = ", ".join(parts)
        yield (
            f"{indent}{'└─' if is_last else '├─'} {_printable(member.name)}"
            f"{': ' + text if text else ''}"
        )
        if _is_partition(member):
            yield from _branches(member, inner, inner, indent + ("   " if is_last else "│  "))
    if most and len(members) > len(shown):
        yield f"{indent}└─ … and {len(members) - len(shown)} more"


def _is_partition(member: Member) -> TypeGuard[Partition]:
    return not isinstance(member, (Subparticle, Population, ExternalState))


def _described(member: Member) -> list[str]:
    own = _settings(member)
    if isinstance(member, Subparticle):
        return [
            repr(member.distribution),
            f"state={member.state:.4g}",
            f"bias={member.bias:.4g}",
            *own,
        ]
    if isinstance(member, Population):
        return [
            f"population of {member.size} × {member.distribution!r}",
            _counted(member.storage.count, "boundary states"),
            *own,
        ]
    if isinstance(member, ExternalState):
        value = member.value
        shown = f"{value:.4g}" if isinstance(value, float) else f"array of {value.size}"
        return [
            "external",
            f"value={shown}",
            f"sensed by {member.count_of(inwards=True)}",
            f"acted on by {member.count_of(inwards=False)}",
        ]
    return own
