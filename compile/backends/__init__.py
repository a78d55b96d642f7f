"""The backends: the objects themselves, and the kernels that equal them."""
