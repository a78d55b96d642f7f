"""The reference: a page for each public name, and one for each module with its mathematics.

What is public is read off ``__all__`` of deepparticle and of the modules that it names there. Names
are listed under the room that defines them, and those of a module under the part of it that does;
headings are the first sentences of docstrings, so that nothing is listed by hand.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import deepparticle

__all__ = [
    "PublicName",
    "documented_modules",
    "module_pages",
    "name_pages",
    "public_names",
    "type_links",
]

ROOMS = {
    "partitions": "Partitions: what is inside what",
    "agents": "Agents: who infers",
    "blankets": "Blankets: what separates two things",
    "compile": "Compile: how it runs fast",
}


class PublicName(NamedTuple):
    """A public object: the module that offers it, its name, the object, and its page."""

    home: str
    name: str
    value: Any
    page: str

    @property
    def path(self) -> str:
        return f"{self.home}.{self.name}"


def public_modules() -> list[ModuleType]:
    """Deepparticle, and the modules among its public names."""
    named = (getattr(deepparticle, name) for name in deepparticle.__all__)
    return [deepparticle, *(value for value in named if isinstance(value, ModuleType))]


def public_names(module: ModuleType) -> list[PublicName]:
    """The classes and functions that a module offers; classes first, in alphabetical order."""
    found = []
    taken = {name.lower() for name in module.__all__ if not inspect.isclass(getattr(module, name))}
    for name in sorted(module.__all__):
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            # A file system may not tell Attractors from attractors.
            twin = inspect.isclass(value) and name.lower() in taken
            page = f"reference/{module.__name__}.{name}{'-class' if twin else ''}"
            found.append(PublicName(module.__name__, name, value, page))
    return sorted(found, key=lambda one: (not inspect.isclass(one.value), one.name))


def type_links() -> dict[str, str]:
    """The full names of the public classes, by the names that docstrings give to types.

    Examples
    --------
    >>> type_links()["Simulator"], type_links()["Attractors"]
    ('deepparticle.Simulator', 'deepparticle.analysis.Attractors')
    """
    names = [one for module in public_modules() for one in public_names(module)]
    return {one.name: one.path for one in reversed(names) if inspect.isclass(one.value)}


def documented_modules() -> list[str]:
    """Every module of the package that has something to say, by its full name."""
    walk = pkgutil.walk_packages(deepparticle.__path__, "deepparticle.")
    names = (info.name for info in walk if info.name.split(".")[-1] not in ("__main__", "_version"))
    return sorted(name for name in names if summary(importlib.import_module(name)))


def summary(thing: Any) -> str:
    """The first sentence of a docstring, without its stop."""
    return (inspect.getdoc(thing) or "").partition("\n")[0].rstrip(".")


def heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n\n"


def name_page(one: PublicName) -> str:
    kind, options = "function", ""
    if inspect.isclass(one.value):
        failure = issubclass(one.value, BaseException)
        kind = "exception" if failure else "class"
        # An exception has methods that are not ours.
        options = "   :members:\n" + ("" if failure else "   :inherited-members:\n")
        if one.value.__bases__ != (object,):
            options += "   :show-inheritance:\n"
    text = heading(one.name, "=")
    text += f".. currentmodule:: {one.home}\n\n.. auto{kind}:: {one.path}\n{options}\n"
    return f"{text}Defined in :mod:`{one.value.__module__}`.\n"


def table(names: list[PublicName]) -> str:
    rows = "".join(f"   {one.name}\n" for one in names)
    pages = "".join(f"   {one.name} </{one.page}>\n" for one in names)
    return f".. autosummary::\n   :nosignatures:\n\n{rows}\n.. toctree::\n   :hidden:\n\n{pages}\n"


def groups(module: ModuleType) -> Iterator[tuple[str, list[PublicName]]]:
    """The public names of a module under headings, in the order of reading."""
    names = public_names(module)
    if module is deepparticle:
        for room, title in ROOMS.items():
            yield title, [one for one in names if one.value.__module__.split(".")[1] == room]
        return
    homes = sorted({one.value.__module__ for one in names})
    for home in homes:
        inside = [one for one in names if one.value.__module__ == home]
        yield summary(importlib.import_module(home)).partition(": ")[0], inside


def module_page(module: ModuleType) -> str:
    text = heading(module.__name__, "=")
    text += f".. automodule:: {module.__name__}\n   :no-index:\n\n"
    for title, names in groups(module):
        text += heading(title, "-") + table(names)
    return text


def name_pages() -> Iterator[tuple[str, str]]:
    """The pages of the reference, each with its name: modules, their names, and the index."""
    index = heading("Reference", "=")
    index += (
        "Every public name, with its equation, its shapes and units, and an example that the tests"
        " run. The mathematics behind a name is told by the module that defines it: see\n"
        ":doc:`/reference/modules`.\n\n"
    )
    modules = public_modules()
    for module in modules:
        index += heading(f"``{module.__name__}``", "-") + f"{summary(module)}.\n\n"
        index += f":doc:`All of it </reference/{module.__name__}>`: "
        names = public_names(module)
        index += ", ".join(f":py:obj:`~{one.path}`" for one in names) + ".\n\n"
        yield f"reference/{module.__name__}", module_page(module)
        for one in names:
            yield one.page, name_page(one)
    pages = "".join(
        f"   {module.__name__.rpartition('.')[2]} </reference/{module.__name__}>\n"
        for module in modules
    )
    index += f".. toctree::\n   :hidden:\n\n{pages}   /reference/modules\n"
    yield "reference/index", index


def module_pages() -> Iterator[tuple[str, str]]:
    """A page for each module, with its docstring, and the list of them all."""
    offered = [one for module in public_modules() for one in public_names(module)]
    listing = heading("Modules", "=")
    listing += (
        "Each module begins with the definition that it implements, in mathematics, and with its"
        " source.\nImports point one way, down this list.\n\n"
    )
    rooms = ["blankets", "agents", "partitions", "compile"]
    names = documented_modules()
    fronts = sorted({name.split(".")[1] for name in names} - set(rooms))
    for room in [*rooms, *fronts]:
        listing += heading(f"``{room}``", "-")
        for name in names:
            if name.split(".")[1] == room:
                said = summary(importlib.import_module(name))
                listing += f"* :doc:`{name} </reference/modules/{name}>`: {said}\n"
        listing += "\n"
    for name in names:
        text = ":orphan:\n\n" + heading(name, "=") + f".. automodule:: {name}\n   :no-index:\n\n"
        inside = [one.path for one in offered if one.value.__module__ == name]
        if inside:
            text += ".. autosummary::\n   :nosignatures:\n\n"
            text += "".join(f"   {path}\n" for path in inside)
        yield f"reference/modules/{name}", text
    yield "reference/modules", listing
