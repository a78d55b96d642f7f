"""The steps of the derivation, one module each, in the order of the argument."""
