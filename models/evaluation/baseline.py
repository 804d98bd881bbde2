"""The strong simple model every challenger stands beside: TF-IDF and a linear classifier.

On small catalogues a linear model on words is hard to beat; a fusion that does not beat it has
not earned its cost, and the model card says so.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from catalog.text.letters import MARKS
from models.evaluation.metrics import interval, macro_f1

__all__ = ["predict_baseline", "score_baseline"]

WORD = rf"(?u)[^\W\u4e00-\u9fff](?:[^\W\u4e00-\u9fff]|[{MARKS}])+|[\u4e00-\u9fff]"
NAME = "TF-IDF (words and pairs) + linear SVM"


def score_baseline(
    predicted: np.ndarray | str, y_test: np.ndarray, train_rows: int, bootstrap: int = 200
) -> dict[str, Any]:
    """Figures of what `predict_baseline` gave.

    Args:
        predicted: labels, or the reason why there are none.
        y_test: (n,) known labels.
        train_rows: how many it learnt from.
        bootstrap: resamples behind the intervals.

    Returns:
        name, train_rows, rows, accuracy, macro_f1 and their 95% intervals; or name and `absent`,
        the reason why there is no figure.
    """
    if isinstance(predicted, str):
        return {"name": NAME, "absent": predicted}
    right = predicted == y_test
    return {
        "name": NAME,
        "train_rows": train_rows,
        "rows": len(y_test),
        "accuracy": float(right.mean()),
        "macro_f1": macro_f1(y_test, predicted),
        "intervals": {
            "accuracy": interval(lambda r: float(right[r].mean()), len(right), bootstrap),
            "macro_f1": interval(lambda r: macro_f1(y_test[r], predicted[r]), len(right), bootstrap),
        },
    }


def predict_baseline(
    texts_train: Sequence[str], y_train: np.ndarray, texts_test: Sequence[str]
) -> np.ndarray | str:
    """Predicted labels of the test texts, or the reason why none can be given.

    Args:
        texts_train, texts_test: product texts; an empty one is judged like any other.
        y_train: labels, comparable values of one type; all known.
    """
    if len(texts_test) == 0:
        return "the holdout has no labelled rows"
    if len(np.unique(y_train)) < 2:
        return "the train rows have fewer than two labels"
    # Chinese has no spaces: pairs of characters stand for its words.
    # Words seen once are noise, except where there is little to see.
    rare = 2 if len(texts_train) >= 200 else 1
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english", min_df=rare)
    words.set_params(token_pattern=WORD)
    if not any(map(words.build_analyzer(), texts_train)):
        return "the train rows have no text"
    model = make_pipeline(words, LinearSVC(C=1.0, random_state=0))
    model.fit(list(texts_train), y_train)
    return np.asarray(model.predict(list(texts_test)))
