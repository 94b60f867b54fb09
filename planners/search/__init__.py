"""Where to look for a thing that is not known yet: a network over the map from above, told the name of the thing."""
