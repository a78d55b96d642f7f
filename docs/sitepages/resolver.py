"""References of docstrings: from the module that defines an object to the page that shows it.

Docstrings name objects where they are defined (``deepparticle.compile.simulator.Simulator``), the
reference documents them where they are offered (``deepparticle.Simulator``). A reference to an
object without a page leads to the page of its module. What cannot be imported is left to Sphinx,
which then warns; but a name in single backticks, which may be that of a parameter.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from sphinx.util.nodes import make_refnode

from sitepages.reference import documented_modules, public_modules, public_names

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

__all__ = ["found", "setup"]


@cache
def pages() -> dict[tuple[str, str], str]:
    """The page of each public object, by the module and the name of its definition."""
    named = (one for module in public_modules() for one in public_names(module))
    return {(one.value.__module__, one.value.__qualname__): one.page for one in named}


@cache
def modules() -> frozenset[str]:
    return frozenset(documented_modules())


def imported(target: str) -> tuple[str, list[str]] | None:
    """The module of a full name, and the names inside it; None where there is no such thing."""
    parts = target.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    for cut in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:cut]))
            for name in parts[cut:]:
                thing = getattr(thing, name)
        except (ImportError, AttributeError):
            continue
        return ".".join(parts[:cut]), parts[cut:]
    return None


def found(target: str) -> tuple[str, str] | None:
    """The page and the anchor on it for the full name of a module, an object or a member.

    Examples
    --------
    >>> found("deepparticle.compile.simulator.Simulator.infer")
    ('reference/deepparticle.Simulator', 'deepparticle.Simulator.infer')
    >>> found("deepparticle.agents.diffusion")
    ('reference/modules/deepparticle.agents.diffusion', '')
    >>> found("deepparticle.agents.nothing") is None
    True
    """
    place = imported(target) if target.startswith("deepparticle") else None
    if place is None:
        return None
    home, names = place
    thing: Any = importlib.import_module(home)
    for depth, name in enumerate(names, start=1):
        thing = getattr(thing, name)
        key = (getattr(thing, "__module__", ""), getattr(thing, "__qualname__", ""))
        if key in pages():
            page = pages()[key]
            path = page.removeprefix("reference/").removesuffix("-class")
            return page, ".".join([path, *names[depth:]])
    if not names and home in {module.__name__ for module in public_modules()}:
        return f"reference/{home}", ""
    return (f"reference/modules/{home}", "") if home in modules() else None


def full_names(node: pending_xref) -> Iterator[str]:
    """What a reference may mean, read from the module and the class in which it is written."""
    target, home = node["reftarget"], node.get("py:module") or "deepparticle"
    yield target
    if node.get("py:class"):
        yield f"{home}.{node['py:class']}.{target}"
    yield f"{home}.{target}"
    yield f"{home.rpartition('.')[0]}.{target}"


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Element
) -> Element | None:
    """The link for a reference that Sphinx could not place itself."""
    if node.get("refdomain") != "py":
        return None
    for name in full_names(node):
        place = found(name)
        # `starts` is a parameter, not the module of this name, but where modules are the matter.
        is_module = place is not None and not place[1]
        about_modules = node["refdoc"].startswith("reference/modules/")
        if is_module and node["reftype"] == "obj" and not about_modules:
            continue
        if place is not None:
            return make_refnode(app.builder, node["refdoc"], *place, content)
    # Names in single backticks may be those of parameters; other libraries are not on this site.
    target = node["reftarget"]
    if node["reftype"] == "obj":
        return content
    return content if not target.startswith("deepparticle") and imported(target) else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
