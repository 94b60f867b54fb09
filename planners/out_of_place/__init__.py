"""Whether a thing lies where it does not belong: learned from looks, from relations in words, and from counts."""
