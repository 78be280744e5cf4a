"""How drawn people move, and the data sets made of them."""
