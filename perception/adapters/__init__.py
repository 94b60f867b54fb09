"""Pretrained models of the transformers library behind the contracts of perception.

Nothing here is imported by the rest of engram until a configuration names a model; torch and transformers come with
``pip install 'engram[learn]'``.
"""
