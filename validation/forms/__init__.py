"""The forms after a stay."""
