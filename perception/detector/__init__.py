"""The embedded detector: a small network, trained on renders of training houses, that finds things in RGB and depth."""
