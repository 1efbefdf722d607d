"""What may happen to stays and groups. Only operations write."""
