"""Household tasks on embedded houses: what is asked for, how it is said, and whether it was done."""
