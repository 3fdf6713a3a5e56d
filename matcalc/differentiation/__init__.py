"""The closed form of a derivative: push forward, turn around, print."""
