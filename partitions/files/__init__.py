"""Worlds as files: the format, reading and writing it, all faults at once."""
