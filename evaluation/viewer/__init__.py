"""A window into the brain: a local page over a memory file and, where there is one, the trace of the run."""
