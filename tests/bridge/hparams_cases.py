"""What HParams does in many cases, as JSON on stdout.

    python hparams_cases.py > data/hparams_tf1.json    with TensorFlow 1.15

Runs under Python 3.7, so it uses its syntax only.
"""

import json
import sys

#: Expressions in which ``H`` is the class and ``h`` an instance with a value of each type.
CASES = [
    "h",
    "str(h)",
    "h.values()",
    "h.to_json(sort_keys=True)",
    "'units' in h, 'depth' in h",
    "h.get('units'), h.get('depth'), h.get('depth', 3), h.get('units', 7)",
    "h.get('units', 'x')",
    "h.get('layers', 3)",
    "h.get('layers', [3])",
    "h.parse('units=4,rate=0.5,bias=false,cell=gru,layers=[1,2,3]').values()",
    "h.parse('units=4, rate=1e-3').values()",
    "h.parse('rate=2').values()",
    "h.parse('bias=1').values()",
    "h.parse('bias=2').values()",
    "h.parse('bias=False').values()",
    "h.parse('bias=maybe')",
    "h.parse('layers=[4]').values()",
    "h.parse('layers=4')",
    "h.parse('layers[0]=4')",
    "h.parse('units=[1]')",
    "h.parse('units=1.5')",
    "h.parse('units=1,units=2')",
    "h.parse('layers=[1],layers=[2]')",
    "h.parse('names=[a,b c]').values()",
    "h.parse('depth=1')",
    "h.parse('units')",
    "h.parse('')",
    "h.parse('cell=')",
    "h.parse('cell=a b').cell",
    "h.override_from_dict({'units': 9, 'cell': 'x'}).values()",
    "h.override_from_dict({'units': 1.0})",
    "h.override_from_dict({'rate': 1}).rate",
    "h.override_from_dict({'bias': 1})",
    "h.override_from_dict({'units': True})",
    "h.override_from_dict({'cell': 3})",
    "h.override_from_dict({'none': 3}).values()",
    "h.override_from_dict({'depth': 3})",
    "h.set_from_map({'units': 2}).units",
    'h.parse_json(\'{"units": 5, "layers": [7]}\').values()',
    "h.parse_json('{\"layers\": 7}')",
    "h.set_hparam('layers', [5, 6]) or h.layers",
    "h.set_hparam('layers', 5)",
    "h.set_hparam('units', [5])",
    "h.add_hparam('units', 3)",
    "h.add_hparam('values', 3)",
    "h.add_hparam('empty', [])",
    "h.add_hparam('deep', (1, 2)) or h.values()",
    "h.del_hparam('units') or h.values()",
    "h.del_hparam('depth')",
    "h.none = 4 or h",
    "h.set_model_structure('m') or h.get_model_structure()",
    "H()",
    "H(layers=[])",
    "H(a='x').b",
    "setattr(h, 'units', 8) or h.values()",
]


def results(cls):
    """Return case -> the value's text, or the kind of the error."""
    found = {}
    for case in CASES:
        h = cls(units=3, rate=0.1, bias=True, cell="lstm", layers=[4, 3], names=["a"], none=None)
        try:
            found[case] = repr(eval(case, {"H": cls, "h": h}))
        except Exception as error:
            found[case] = "raises " + type(error).__name__
    return found


if __name__ == "__main__":
    import tensorflow as tf

    json.dump(results(tf.contrib.training.HParams), sys.stdout, indent=1, sort_keys=True)
