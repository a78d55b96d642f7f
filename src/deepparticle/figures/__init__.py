"""One function per figure: each takes arrays or results and returns a matplotlib Figure."""

from deepparticle.figures.digits import digits_overview

__all__ = ["digits_overview"]
