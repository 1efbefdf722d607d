"""What may happen on a list. Only operations write."""
