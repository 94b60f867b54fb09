"""Hippocampus: what the robot keeps of the frames it has seen."""
