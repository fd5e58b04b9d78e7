"""What a VocabularyProcessor makes of documents, as JSON, and a pickle of one.

    python vocabulary_cases.py data                       on TensorFlow 1.15: writes the stored data
    python vocabulary_cases.py data BRIDGE_FOLDER OUT     with TensorFlow 2: reads its pickle, too

Runs under Python 3.7, so it uses its syntax only.
"""

import json
import os
import sys

DOCUMENTS = [
    "the cat sat on the mat",
    "The HTTPServer isn't on-line; the cat is",
    "caf\u00e9 am See, the the mat",
    "",
    "one two three four five six seven eight nine",
]
UNSEEN = ["the dog sat", "cat cat mat \u4e2d\u6587"]


def split(documents):
    """Yield words without a regular expression."""
    for document in documents:
        yield (word for word in document.split(" "))


def results(module, folder):
    """Return what is seen by name, and write a pickle to the folder."""
    found = {}
    for name, options in {
        "plain": {},
        "frequent": {"min_frequency": 1},
        "own words": {"tokenizer_fn": split},
        "short": {"max_document_length": 2},
    }.items():
        given = dict({"max_document_length": 6}, **options)
        processor = module.VocabularyProcessor(**given)
        rows = [row.tolist() for row in processor.fit_transform(DOCUMENTS)]
        unseen = list(processor.transform(UNSEEN))
        found[name] = [
            rows,
            [row.tolist() for row in unseen],
            str(unseen[0].dtype),
            list(processor.reverse(unseen)),
            len(processor.vocabulary_),
            sorted(processor.vocabulary_._mapping.items(), key=lambda item: item[1]),
        ]
        if name == "frequent":
            processor.save(os.path.join(folder, "vocabulary.pickle"))
    given = module.CategoricalVocabulary(support_reverse=False)
    for word in ["a", "b", "a", "c", "a", "b"]:
        given.add(word)
    given.trim(0, 3)
    processor = module.VocabularyProcessor(3, vocabulary=given)
    found["given"] = [row.tolist() for row in processor.transform(["a b c d"])]
    try:
        given.reverse(1)
    except ValueError:
        found["reverse"] = "refused"
    chars = module.ByteProcessor(5)
    rows = list(chars.fit_transform(["abc", "caf\u00e9s", b"x"]))
    found["bytes"] = [[row.tolist() for row in rows], list(chars.reverse(rows))]
    return found


def restored(module, path):
    """Return what a pickle's processor makes of documents."""
    processor = module.VocabularyProcessor.restore(path)
    return [row.tolist() for row in processor.transform(DOCUMENTS + UNSEEN)]


if __name__ == "__main__":
    data = sys.argv[1]
    if len(sys.argv) == 2:
        from tensorflow.contrib.learn import preprocessing

        saw = results(preprocessing, data)
        saw["restored"] = restored(preprocessing, os.path.join(data, "vocabulary.pickle"))
        out = os.path.join(data, "vocabulary_tf1.json")
    else:
        sys.path.insert(0, sys.argv[2])
        from tf2_bridge import preprocessing

        saw = results(preprocessing, sys.argv[2])
        saw["restored"] = restored(preprocessing, os.path.join(data, "vocabulary.pickle"))
        saw["own"] = restored(preprocessing, os.path.join(sys.argv[2], "vocabulary.pickle"))
        out = sys.argv[3]
    with open(out, "w") as stream:
        json.dump(saw, stream, indent=1, sort_keys=True)
