"""Another release that answers a share of the requests on the side, in a process of its own."""
