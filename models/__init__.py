"""A product to a vector: inputs, encoders, fusion, training, evaluation, inference. No index, no HTTP."""
