"""A claim that is read: what its names mean, what of it is measured, where it may fail."""
