"""Episodes, metrics, statistics and reports; the only floor besides trainers that may see ground truth."""
