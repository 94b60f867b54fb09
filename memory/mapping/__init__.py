"""The metric map: fused depth with colours, and where in it a robot is that was switched off."""
