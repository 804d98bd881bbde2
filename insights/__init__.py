"""What a shop does with vectors and events: one module an application, a function over tables."""
