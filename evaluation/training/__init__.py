"""Training of learned parts: data from the truth of training houses, trainers, and what judges them."""
