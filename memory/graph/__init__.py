"""Knowledge graph: what is where, since when, how surely, and what was believed before."""
