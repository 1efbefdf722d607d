"""What may happen after a stay. Only operations write."""
