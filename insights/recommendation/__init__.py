"""What a shopper may want next: candidates from purchases and vectors, ranked by what proved to rank best.

history     what each shopper bought, and the figures of every (shopper, product) pair at a moment
knowledge   what is known of products and of other shoppers at a moment
candidates  which products are looked at for a shopper, and how strongly each way speaks for them
features    what the ranker sees of a candidate
ranker      a LightGBM model over them, learned from earlier moments
judge       recall and the rest on what was bought after a moment; who is used
"""
