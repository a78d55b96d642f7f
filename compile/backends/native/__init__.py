"""The ``native`` backend: kernels compiled by numba for the machine at hand.

Reading order: `toolkit` and `compiling` (numba, once), `expressions` (arithmetic that writes
machine code), `polynomials` and `mathematics` (elementary functions and distributions in it),
`lanes` (sixteen numbers as one value), `random_numbers`, `distributions`, `team` (threads), `rows`
(what all kernels share); then the kernels, `panels` (dense, all rows at once), `chains` (the same
for many chains), `sites` (dense, one row after another), `slicing` and `slices` (sparse); and
`layouts` and `backend`, which choose among them.
"""

from deepparticle.compile.backends.native.backend import NativeBackend

__all__ = ["NativeBackend"]
