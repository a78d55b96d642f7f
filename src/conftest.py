"""Doctests of optional parts are left out where what they need is not installed."""

from importlib.util import find_spec

collect_ignore_glob = [
    f"deepparticle/compile/backends/{part}/*"
    for part, library in (("native", "numba"), ("jax", "jax"))
    if find_spec(library) is None
]
if find_spec("skimage") is None:
    collect_ignore_glob.append("deepparticle/datasets/faces.py")
