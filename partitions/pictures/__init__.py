"""Worlds as pictures: boxes inside boxes with their blankets on the borders."""
