"""Judging a model: metrics, retrieval, a simple baseline beside it, pictures and the model card."""
