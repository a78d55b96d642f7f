"""The families of distributions by name, as spec files call them."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from deepparticle.agents.distribution import StateDistribution
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError

__all__ = ["distribution_named", "register_distribution"]

Family = TypeVar("Family", bound=StateDistribution)

_REGISTRY: dict[str, type[StateDistribution]] = {}


def register_distribution(family: type[Family]) -> type[Family]:
    """Make a family known by its ``kind``, to spec files and `distribution_named`.

    Parameters
    ----------
    family : type of StateDistribution
        A dataclass with a ``kind`` of its own. Defining the same class again replaces it.

    Returns
    -------
    type of StateDistribution
        The family itself: this is a class decorator.

    Raises
    ------
    SettingTypeError
        If the class is not a dataclass, or has no ``kind``.
    SettingError
        If another class has that ``kind``.

    Examples
    --------
    >>> from deepparticle.agents.spin import Spin
    >>> register_distribution(Spin) is distribution_named("spin").__class__
    True
    """
    name = family.__qualname__
    kind = getattr(family, "kind", None)
    if not isinstance(kind, str):
        mend = 'write kind: ClassVar[str] = "..." in the class'
        raise SettingTypeError(Fault(name, "a distribution has a kind, a string", repr(kind), mend))
    if not is_dataclass(family):
        mend = "write @dataclass(frozen=True) under @register_distribution"
        raise SettingTypeError(Fault(name, "a distribution is a dataclass", repr(family), mend))
    known = _REGISTRY.get(kind, family)
    if (known.__module__, known.__qualname__) != (family.__module__, name):
        rule = f"kind {kind!r} belongs to {known.__module__}.{known.__qualname__}"
        raise SettingError(Fault(name, rule, repr(kind), "choose another kind"))
    _REGISTRY[kind] = family
    return family


def distribution_named(kind: str, **parameters: Any) -> StateDistribution:
    """The distribution that spec files call `kind`.

    Parameters
    ----------
    kind : str
        The name of a registered family.
    **parameters
        The fields of the family, as ``dataclasses.asdict`` gives them.

    Returns
    -------
    StateDistribution
        A new instance.

    Raises
    ------
    SettingError
        If no family has that name, or the family has no such parameter.

    Examples
    --------
    >>> distribution_named("gaussian", base_variance=2.0)
    Gaussian(base_variance=2.0)
    """
    if kind not in _REGISTRY:
        rule = f"the kind of a distribution is one of {_listed(_REGISTRY)}"
        mend = "use one of these, or import the module that registers it"
        raise SettingError(Fault("distribution", rule, repr(kind), mend))
    family = _REGISTRY[kind]
    known = [field.name for field in fields(family) if field.init]  # type: ignore[arg-type]
    unknown = [name for name in parameters if name not in known]
    if unknown:
        rule = f"the parameters of {kind!r} are {_listed(known)}"
        raise SettingError(Fault("distribution", rule, _listed(unknown), "leave the others out"))
    return family(**parameters)


def _listed(names: Any) -> str:
    return ", ".join(repr(name) for name in names) or "none"
