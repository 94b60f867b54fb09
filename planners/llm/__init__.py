"""A language model as planner and critic, and, where that is wanted, everywhere in the memory.

What a model says is never done as it is: a plan is checked against what is believed, the symbolic domain and the goal.
"""
