"""The embedded household: procedural houses on MuJoCo."""
