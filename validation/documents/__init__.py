"""What is drawn after a stay: the bank's order, spreadsheets."""
