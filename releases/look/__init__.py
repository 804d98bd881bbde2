"""The look at new data itself, before anything learns from it or a release shows it.

The champion, as long as it is good, is a witness that the delivery has not written: its judgement of products
that are new or changed is compared with its judgement of the holdout, which it has not learned from either.

- *Labels.* Where the champion is sure, how often does it contradict the category that is given? New products
  are compared with the holdout (Fisher's exact test). A product that changes its category is compared with
  itself: does the champion keep to the one before, or to the one that is given now (sign test)?
- *Photos.* Among the texts of the holdout, how far up does a product's own text stand when its photo is
  asked? A photo that lies lower than nearly all of the holdout's own is a misfit; their share is compared.

What the champion cannot know is no evidence: a category that it never learned, one that merely got another
name, products that it is not sure of. Where too little is left to judge, the look says so and lets pass.
"""

from releases.look.judge import changed_rows, look
from releases.look.looked import Looked

__all__ = ["Looked", "changed_rows", "look"]
