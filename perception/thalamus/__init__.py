"""The thalamus: which frames deserve attention, what a step came to in words, and what memory is to be asked about it.

Rules do all of it; a language model that sees can take over the words and the questions (``vlm.py``).
"""
