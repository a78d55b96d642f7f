"""The simulations, by the name that the command takes."""

from deepparticle.reproduce.simulation import Simulation
from deepparticle.reproduce.simulations.appendix import APPENDIX
from deepparticle.reproduce.simulations.basis import BASIS
from deepparticle.reproduce.simulations.digits import DIGITS
from deepparticle.reproduce.simulations.faces import FACES
from deepparticle.reproduce.simulations.forgetting import FORGETTING
from deepparticle.reproduce.simulations.leak import LEAK
from deepparticle.reproduce.simulations.scaling import SCALING
from deepparticle.reproduce.simulations.sequence import SEQUENCE

__all__ = ["SIMULATIONS"]

SIMULATIONS: dict[str, Simulation] = {
    each.name: each
    for each in (BASIS, DIGITS, SEQUENCE, FORGETTING, SCALING, FACES, LEAK, APPENDIX)
}
