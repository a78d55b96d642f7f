"""What is wrong with the shape of a spec, in the words of the house.

pydantic knows where a key or a type is wrong; here that becomes a fault that names the place in the
file, the rule, the value and the mend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from deepparticle.blankets.errors import Fault
from deepparticle.blankets.naming import nearest
from deepparticle.partitions.collecting import shown
from deepparticle.partitions.files import models

__all__ = ["faults_of_validation", "place_of"]

Location = tuple[str | int, ...]

_MEMBERS: dict[str, type[BaseModel]] = {
    "partition": models.PartitionSpec,
    "subparticle": models.SubparticleSpec,
    "population": models.PopulationSpec,
    "external": models.ExternalSpec,
}
_LAYOUTS: dict[str, type[BaseModel]] = {"dense": models.DenseSpec, "sparse": models.SparseSpec}
# The models behind keys; which one a member or a layout has is said by its tag in the location.
_BEHIND: dict[str, type[BaseModel]] = {
    "couplings": models.CouplingSpec,
    "sensory": models.MacroSpec,
    "active": models.MacroSpec,
    "boundary": models.BoundarySpec,
    "settings": models.SettingsSpec,
    "member_settings": models.SettingsSpec,
    "memory": models.MemorySpec,
    "plastic_except": models.PairsSpec,
    "arrays_file": models.ArraysFileSpec,
    **_MEMBERS,
    **_LAYOUTS,
}

_TYPES = {
    "float_type": ("a number", "give a number, without quotes"),
    "int_type": ("a whole number", "give a whole number, without quotes"),
    "int_from_float": ("a whole number", "give a whole number"),
    "string_type": ("a string", "put it in quotes"),
    "bool_type": ("true or false", "give true or false, without quotes"),
    "tuple_type": ("a list", "put it in [ ]"),
    "dict_type": ("an object", "put it in { }"),
    "model_type": ("an object", "put it in { }"),
    "model_attributes_type": ("an object", "put it in { }"),
    "numbers": ("numbers, or a stored array", 'give numbers in [ ], or {"stored": key}'),
}


def place_of(raw: Any, *location: str | int) -> str:
    """Where something is in a spec, and which object that is.

    Parameters
    ----------
    raw : mapping
        The whole spec, as read.
    *location : str or int
        Keys and indices from outside inwards.

    Examples
    --------
    >>> place_of({"members": [{"path": "brain/a"}]}, "members", 0, "bias")
    "members[0].bias of 'brain/a'"
    """
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return words.removeprefix(".") + _object_at(raw, location)


def _object_at(raw: Any, location: Location) -> str:
    if len(location) < 2 or not isinstance(location[1], int) or not isinstance(raw, Mapping):
        return ""
    section = raw.get(str(location[0]))
    if not isinstance(section, (list, tuple)) or not 0 <= location[1] < len(section):
        return ""
    entry = section[location[1]]
    if not isinstance(entry, Mapping):
        return ""
    if isinstance(entry.get("path"), str):
        return f" of {entry['path']!r}"
    if "source" in entry and "target" in entry:
        return f" of {entry['source']} → {entry['target']}"
    return ""


def faults_of_validation(error: ValidationError, raw: Any) -> list[Fault]:
    """The faults that pydantic found.

    Parameters
    ----------
    error : pydantic.ValidationError
        What validation of `WorldSpec` raised.
    raw : mapping
        What was validated.

    Returns
    -------
    list of Fault
        In the order of the file.

    Examples
    --------
    >>> raw = {"format": "deepparticle", "version": 1, "name": "w", "memebrs": []}
    >>> try:
    ...     models.WorldSpec.model_validate(raw)
    ... except ValidationError as error:
    ...     print(faults_of_validation(error, raw)[0])
    memebrs: the keys here are 'name', 'time', 'settings', 'members', 'couplings', 'sensory', \
'active', 'arrays_file', 'format', 'version' (got 'memebrs'). Mend: did you mean 'members'?
    """
    return list(_translated(error, raw))


def _translated(error: ValidationError, raw: Any) -> Iterator[Fault]:
    for found in error.errors(include_url=False):
        location = _without_tags(found["loc"], raw)
        where = place_of(raw, *location) or "the spec"
        key = repr(location[-1]) if location else "the spec"
        if location and isinstance(location[-1], int):
            key = "an entry"
        kind = found["type"]
        if kind == "missing":
            yield Fault(where, f"the key {key} is present", "nothing", f"add {key}")
        elif kind == "extra_forbidden":
            yield _unknown_key(where, found["loc"])
        elif kind in ("union_tag_invalid", "union_tag_not_found"):
            yield _unknown_tag(where, location, found["input"])
        elif kind in _TYPES:
            rule, mend = _TYPES[kind]
            yield Fault(where, f"{key} is {rule}", shown(found["input"]), mend)
        else:
            yield Fault(
                where, found["msg"].lower(), shown(found["input"]), "see the format of specs"
            )


def _without_tags(location: Location, raw: Any) -> Location:
    """A location without the tags that pydantic adds to say which model it tried."""
    found: list[str | int] = []
    current = raw
    for number, part in enumerate(location):
        follows = isinstance(part, int) or (isinstance(current, Mapping) and part in current)
        if not follows and number < len(location) - 1 and part in (*_MEMBERS, *_LAYOUTS):
            continue
        found.append(part)
        try:
            current = current[part]
        except (KeyError, IndexError, TypeError):
            current = None
    return tuple(found)


def _unknown_key(where: str, location: Location) -> Fault:
    behind = [part for part in location[:-1] if isinstance(part, str) and part in _BEHIND]
    model = _BEHIND[behind[-1]] if behind else models.WorldSpec
    known = list(model.model_fields)
    # "kind" and "format" are what a reader knows already; what can be misspelled comes first.
    known.sort(key=lambda name: name in ("format", "version", "kind", "path", "parent"))
    key = str(location[-1])
    close = nearest(key, known, 1)
    mend = f"did you mean {close[0]!r}?" if close else "remove it"
    return Fault(where, "the keys here are " + ", ".join(map(repr, known)), repr(key), mend)


def _unknown_tag(where: str, location: Location, value: Any) -> Fault:
    tag, known = ("layout", _LAYOUTS) if location[-1] == "couplings" else ("kind", _MEMBERS)
    given = value.get(tag) if isinstance(value, Mapping) else None
    close = nearest(str(given), known, 1)
    mend = f"did you mean {close[0]!r}?" if close else f"give one of them as {tag!r}"
    rule = f"the {tag} is one of " + ", ".join(map(repr, known))
    return Fault(where, rule, "nothing" if given is None else repr(given), mend)
