r"""The Markov blanket of a partition, made of boundary states of its members.

For a set of subparticles the blanket is every boundary state with exactly one end inside: sensory
states come in, active states go out (Spisak & Friston 2026: the blanket of an outer partition is
composed of the blankets of what it contains).
"""

from __future__ import annotations

from dataclasses import dataclass

from deepparticle.blankets.boundary import ActiveState, SensoryState

__all__ = ["Blanket"]


@dataclass(frozen=True)
class Blanket:
    """The boundary states that separate a partition from the rest.

    Parameters
    ----------
    of : str
        The path of the partition.
    sensory : tuple of SensoryState
        Boundary states that come in, :math:`s`.
    active : tuple of ActiveState
        Boundary states that go out, :math:`a`.
    """

    of: str
    sensory: tuple[SensoryState, ...]
    active: tuple[ActiveState, ...]

    def __len__(self) -> int:
        return len(self.sensory) + len(self.active)

    def __repr__(self) -> str:
        lines = [f"<Blanket of {self.of!r}: {len(self.sensory)} sensory, {len(self.active)} active"]
        lines += [f"  s {view.boundary}  {view.weight:+.4g}" for view in self.sensory[:8]]
        lines += [f"  a {view.boundary}  {view.weight:+.4g}" for view in self.active[:8]]
        hidden = max(0, len(self.sensory) - 8) + max(0, len(self.active) - 8)
        if hidden:
            lines.append(f"  … and {hidden} more")
        return "\n".join(lines) + ">"
