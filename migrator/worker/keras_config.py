"""Look through a Keras model's configuration before anything of it is made.

A configuration names classes and functions, and loading it imports and calls them, so what it
may name is listed here rather than what it may not.  Known ways to run code with one: a Lambda
layer, whose function is marshaled bytecode; ``module`` and ``registered_name`` that point
anywhere (CVE-2025-1550, CVE-2025-9906); layers that load another file (``TFSMLayer``, a
vocabulary given by its path, CVE-2025-12058) or unpickle (``TorchModuleWrapper``,
CVE-2025-49655); layers around any TensorFlow function or op.
"""

import re
from typing import Any, Callable, Iterator, Tuple

from .common import CannotOpen, Json

#: Modules whose classes Keras's own models name.
MODULES = re.compile(
    r"(keras|keras_core|tf_keras|tensorflow\.keras|tensorflow\.python\.keras)(\.src|\.api)?"
    r"(\.(layers|models|engine|initializers|regularizers|constraints|activations|losses|metrics"
    r"|optimizers|random|ops|dtype_policies|quantizers|feature_column)(\.\w+)*)?"
)
#: Classes that are Keras's own and yet do what the configuration says, or open other files.
REFUSED = {
    "Lambda": "runs code of its own",
    "__lambda__": "runs code of its own",
    "TFSMLayer": "loads another model",
    "TorchModuleWrapper": "unpickles",
    "JaxLayer": "runs code of its own",
    "FlaxLayer": "runs code of its own",
}
#: Values that are no objects of Keras: tuples, arrays, the tensors that a layer is called on.
PLAIN = re.compile(
    r"__\w+__|TensorShape|TypeSpec|CompositeTensor|ellipsis|slice|tuple|dtype|DType|KerasTensor"
)
#: What a layer around a TensorFlow function may call: arithmetic.
ARITHMETIC = re.compile(
    r"(math|nn|linalg|__operators__|bitwise|signal|compat\.v1\.math|compat\.v1\.nn)\.\w+"
    r"|cast|reshape|concat|transpose|expand_dims|squeeze|stack|unstack|split|tile|shape|gather"
    r"|where|clip_by_value|zeros_like|ones_like|identity|pad|broadcast_to|one_hot|reverse|slice"
    r"|strided_slice|rank|size|abs|add|subtract|multiply|divide|maximum|minimum|matmul|pow|exp"
    r"|sqrt|square|tanh|sigmoid|sign|reduce_\w+|argmax|argmin|equal|greater|less|logical_\w+"
)

ADVICE = "give --trust if you know what it does, or compare the SavedModels that it exports"


def objects(config: Any) -> Iterator[Tuple[Json, Any]]:
    """Yield (object, its own configuration) for every object that a configuration names."""
    stack = [config]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if isinstance(item.get("class_name"), str):
                yield item, item.get("config")
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def refuse_config(
    config: Any, trust: bool, known: Callable[[str], bool], acts: Callable[[str], str]
) -> None:
    """Refuse a model whose configuration names what is not Keras's own.

    Args:
        config: the parsed configuration.
        trust: whether the user trusts the model: then nothing is refused.
        known: whether Keras has a class or function of a name among its own.
        acts: what an op type does outside of the model; an empty string for nothing.

    Raises:
        CannotOpen: it holds a Lambda layer, a custom object, or something else that loading
            it would import, call, or read from another file.
    """
    if trust:
        return
    for item, inner in objects(config):
        name = str(item["class_name"])
        inner = inner if isinstance(inner, dict) else {"name": inner}
        label = "%s %r" % (name.split(">")[-1], inner.get("name") or name)
        reason = REFUSED.get(name.split(">")[-1]) or unknown(item, name, inner, known)
        if not reason and name in ("TFOpLambda", "SlicingOpLambda", "ClassMethod"):
            function = str(inner.get("function") or inner.get("function_name"))
            if name == "ClassMethod" or not ARITHMETIC.fullmatch(function):
                reason = "calls tf.%s" % function
        if not reason and name == "TensorFlowOpLayer":
            op = op_of(inner.get("node_def"))
            what = acts(op) if op else "holds an op that cannot be read"
            reason = "%s (%s)" % (what, op) if op and what else what
        vocabulary = inner.get("vocabulary")
        if not reason and isinstance(vocabulary, str):
            reason = "reads the file %s" % vocabulary[:100]
        if reason:
            raise CannotOpen("its %s %s" % (label, reason), ADVICE)


def op_of(node: Any) -> str:
    """Return the op type of a node, a JSON object or text as versions have it; empty if unread."""
    if isinstance(node, dict):
        return str(node.get("op") or "")
    found = re.search(r'"?\bop"?\s*:\s*"(\w+)"', str(node))
    return found.group(1) if found else ""


def unknown(item: Json, name: str, inner: Any, known: Callable[[str], bool]) -> str:
    """Return why an object is none of Keras's own; an empty string where it is."""
    module = item.get("module")
    registered = item.get("registered_name")
    if name == "function":
        function = inner.get("name")
        return "" if known(str(function)) else "is the function %r, which is not Keras's" % function
    if PLAIN.fullmatch(name) and module in (None, "builtins"):
        return ""
    if module is not None and not (isinstance(module, str) and MODULES.fullmatch(module)):
        return "is of the module %s, which is not Keras's" % str(module)[:100]
    if registered is not None and str(registered).split(">")[-1] != name.split(">")[-1]:
        return "is registered as %s" % str(registered)[:100]
    for text in (name, "" if registered is None else str(registered)):
        if ">" in text and text.split(">")[0] not in ("keras", "Keras"):
            return "is a custom object, registered as %s" % text[:100]
    if not re.fullmatch(r"[A-Za-z]\w*(>\w+)?", name):
        return "has no name of a class"
    # a class below a module of Keras's ops is found there; any other has to be public
    if module is not None and re.search(r"\.ops\.\w+", module):
        return ""
    if not known(name.split(">")[-1]):
        return "is a custom object: this Keras has no class of that name"
    return ""
