"""Price: what a listing like this costs, how its demand follows its price, and which price earns most."""
