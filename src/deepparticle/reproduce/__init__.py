"""The simulations of the paper, each with one command: ``deepparticle reproduce NAME``.

A simulation (`deepparticle.reproduce.simulations`) lists the parts to be computed, one per network,
and draws a conclusion from them: measures beside the published numbers, what simpler methods score
on the same data, which statements hold, and figures. Everything that the figures need is in
`deepparticle.analysis`, `deepparticle.figures` and `deepparticle.datasets`.
"""
