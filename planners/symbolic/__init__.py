"""Plans without a language model: one domain of skills, a fast decomposition of goals, and a planner behind it."""
