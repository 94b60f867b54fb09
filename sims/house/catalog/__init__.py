"""What every kind of object looks like: one builder function a category."""
