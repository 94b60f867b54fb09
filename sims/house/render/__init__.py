"""Images of a MuJoCo model without OpenGL, and with it where a machine has it."""

from engram.sims.house.render.base import Image, Renderer, RenderError, make_renderer, warm_up

__all__ = ["Image", "RenderError", "Renderer", "make_renderer", "warm_up"]
