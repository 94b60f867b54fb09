"""The cerebellum's skills: what a step of a plan becomes in a world of images."""
