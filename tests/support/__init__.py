"""What several tests use; imported as ``support`` (see ``pythonpath`` in pyproject.toml)."""
