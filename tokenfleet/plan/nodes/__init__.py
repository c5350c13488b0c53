"""How nodes are sized, bought, launched and told what to be."""
