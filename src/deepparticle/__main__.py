"""Run the command line as ``python -m deepparticle``."""

import sys

from deepparticle.cli import main

if __name__ == "__main__":
    sys.argv[0] = "python -m deepparticle"  # the name that usage and error lines show
    sys.exit(main())
