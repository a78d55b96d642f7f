"""One module for each thing that is measured: `measure(settings, progress)` returns an outcome."""
