"""What may happen to conventions, accounts, credits and the programme. Only operations write."""
