"""Images of a MuJoCo model without OpenGL, and with it where a machine has it."""
