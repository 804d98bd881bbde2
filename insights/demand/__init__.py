"""Weekly demand of every product, with how sure it is."""
