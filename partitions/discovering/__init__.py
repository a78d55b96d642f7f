"""Partitions proposed from data: clusterings, their blanket leak, and what chance would leave."""
