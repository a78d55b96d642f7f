"""What is inside what? Partitions, populations, their graphs, files and pictures."""

from deepparticle.partitions.certificate import Certificate, Finding, LevelCertificate
from deepparticle.partitions.coarse_worlds import Coarsening
from deepparticle.partitions.constructors import from_couplings, from_networkx
from deepparticle.partitions.discovery import Proposal, Split, discover, propose_partition
from deepparticle.partitions.files.storage import load
from deepparticle.partitions.flows import Flows, ParticularStates
from deepparticle.partitions.lattices import lattice_couplings
from deepparticle.partitions.levels import Level
from deepparticle.partitions.other_partition import OtherPartition
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.population import Population
from deepparticle.partitions.reporting import LevelReport, PartitionReport
from deepparticle.partitions.schedules import register_schedule

__all__ = [
    "Certificate",
    "Coarsening",
    "Finding",
    "Flows",
    "Level",
    "LevelCertificate",
    "LevelReport",
    "OtherPartition",
    "ParticularStates",
    "Partition",
    "PartitionReport",
    "Population",
    "Proposal",
    "Split",
    "discover",
    "from_couplings",
    "from_networkx",
    "lattice_couplings",
    "load",
    "propose_partition",
    "register_schedule",
]
