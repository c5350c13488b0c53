"""How the machine image of a pool is made, with what its nodes would else pull and fetch."""
