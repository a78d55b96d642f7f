"""The format of spec files: a world as JSON, exact to the last bit.

A spec lists members depth first in the order in which they were added, and boundary states in the
order in which they were made, for both decide the order of rows and of sums.

.. code-block:: json

    {
      "format": "deepparticle", "version": 1, "name": "world", "time": 0,
      "settings": {"precision": 0.17},
      "members": [
        {"kind": "partition", "path": "brain", "parent": "", "settings": {"learning_rate": 0.001}},
        {"kind": "subparticle", "path": "brain/a", "parent": "brain", "bias": 0.2, "state": 0.5,
         "distribution": {"kind": "gaussian", "base_variance": 2.0}},
        {"kind": "population", "path": "brain/cortex", "parent": "brain", "size": 3,
         "couplings": {"layout": "dense", "weights": [[0, 1, 2], [3, 0, 4], [5, 6, 0]]}},
        {"kind": "external", "path": "scene", "parent": "", "value": 1.0}
      ],
      "couplings": [{"source": "brain/a", "target": "brain/cortex/0",
                     "boundary": {"kind": "delta", "weight": 0.8}, "plastic": true}],
      "sensory": [{"source": "scene", "target": "brain/cortex", "boundary": {"weight": 1.0}}],
      "active": [{"source": "brain/a", "target": "scene", "boundary": {"weight": 1.0}}]
    }

==================  ==============================================================================
key                 meaning; what is absent has its default
==================  ==============================================================================
``parent``          the path of the partition around, ``""`` for the world
``settings``        ``precision``, ``learning_rate``, ``clock``, ``time_step``,
                    ``learning_rule`` where not inherited
``distribution``    the kind and the parameters of a registered distribution
``memory``          what a subparticle showed, sensed and inferred last, where it is not as new
``layout``          ``dense``: all off-diagonal boundary states exist; ``sparse``: the listed ones
``plastic_except``  the boundary states of a population that are not as ``plastic`` says
``boundary``        the conditional distribution of the boundary state: ``delta`` and its weight
``made``            the place of a boundary state in the order of making, where it is not couplings,
                    then sensory, then active states, as listed
``process``         the name of the function that an external state had
``expectation``     what is expected of an external state by those who act on it, if a number
==================  ==============================================================================

In ``sensory`` and ``active`` a population stands for all of its members. Vectors and matrices are
lists, one number for all, or ``{"stored": key}``: the array of that name in an ``.npz`` file beside
the spec. Numbers survive the way to JSON and back unchanged, and so does a run that goes on from
them. Nothing in a spec is ever executed.

Such a list can say what no partition can be: a leaf outside every partition, a cycle in the
nesting, a coupling without a boundary state. :func:`from_spec` names all faults of a spec at once.
"""

from __future__ import annotations

from deepparticle.partitions.files.models import FORMAT, VERSION, WorldSpec
from deepparticle.partitions.files.reading import from_spec
from deepparticle.partitions.files.writing import to_spec

__all__ = ["FORMAT", "VERSION", "WorldSpec", "from_spec", "to_spec"]
