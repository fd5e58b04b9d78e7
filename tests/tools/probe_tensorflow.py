"""Write down what one TensorFlow installation holds, as JSON.

``make_symbol_tables.py`` runs this file under TensorFlow 1.15 and under TensorFlow 2, so it
keeps to what Python 3.7 understands and imports nothing of the project.

    python probe_tensorflow.py public  OUT             walk the public namespaces
    python probe_tensorflow.py private OUT             walk tensorflow.python, tensorflow.core
    python probe_tensorflow.py modules OUT             import every implementation module
    python probe_tensorflow.py resolve OUT QUESTIONS   look up the names another version has
"""

import importlib
import inspect
import json
import os
import sys
import types
import warnings

# Modules that make up a public namespace.  Everything else that is reachable from one (numpy,
# sys, private implementation modules) is not API, whatever it is called there.
API_MODULES = (
    "tensorflow.compat.",
    "tensorflow.experimental",
    "tensorflow._api.",
    "tensorflow_core._api.",
    "tensorflow.python.keras.api.",
    "tensorflow_core.python.keras.api.",
    "tensorflow_estimator.python.estimator.api.",
    "keras._tf_keras.",
    "keras.",
    "tf_keras.api.",
)
# Implementation modules that are handed out as they are: their functions are API, what they
# import is not.
FACADES = (
    "tensorflow.python.platform.flags",
    "tensorflow_core.python.platform.flags",
    "tensorflow.python.distribute.combinations",
)
# Reachable from the top of the namespace, but walked on their own or not API at all.
NOT_API = {"contrib", "python", "core", "compiler", "tools", "compat.v1", "compat.v2"}
# Resolve on TensorFlow 2, and raise NotImplementedError whatever they are called with.
STUBS = ("keras.estimator.model_to_estimator",)
FUTURE = {"absolute_import", "division", "print_function", "unicode_literals"}


def unwrapped(module):
    """Return the module behind TensorFlow's deprecation-warning wrapper."""
    return getattr(module, "_tfmw_wrapped_module", module)


def names_of(module):
    """Return the public names of ``module``, those of lazily loaded modules included."""
    found = set(dir(module)) | set(dir(unwrapped(module)))
    return sorted(
        n for n in found if not n.startswith("_") and n not in FUTURE and n.isidentifier()
    )


def is_module(value):
    """Tell whether ``value`` is a module, a deprecation wrapper or a lazy loader of one."""
    return isinstance(value, types.ModuleType)


def module_name(module):
    """Return the import name of ``module``."""
    return str(getattr(module, "__name__", ""))


def home_of(value):
    """Return the name of the module that ``value`` is or comes from, "" where it has none."""
    if is_module(value):
        return module_name(value)
    return str(getattr(value, "__module__", "") or "")


def is_api(home):
    """Tell whether the module called ``home`` is part of a public namespace."""
    return home.startswith(API_MODULES + FACADES) and not home.startswith("keras.src.")


def kind_of(value):
    """Name what ``value`` is: ``module``, ``class``, ``call``, ``plain`` or ``object``."""
    if is_module(value):
        return "module"
    if inspect.isclass(value):
        return "class"
    if isinstance(value, (bool, int, float, str, bytes, type(None), tuple, list, dict, set)):
        return "plain"
    return "call" if callable(value) else "object"


class Walker:
    """Collects every symbol under a namespace, each object numbered by identity."""

    def __init__(self):
        self.symbols = {}
        self._numbers = {}
        self._alive = []

    def number(self, value):
        """Return a number that two names share exactly when they are one object."""
        key = id(value)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers)
            self._alive.append(value)  # an id is only unique while its object lives
        return self._numbers[key]

    def record(self, dotted, value):
        """Write one symbol down."""
        kind = kind_of(value)
        entry = {"kind": kind}
        if kind != "plain":
            entry["id"] = self.number(unwrapped(value) if kind == "module" else value)
            entry["home"] = home_of(value)
            # a dtype calls itself by its name: float16, not half
            own = getattr(value, "name", "") if type(value).__name__ == "DType" else ""
            entry["name"] = str(getattr(value, "__name__", own))
        else:
            entry["value"] = repr(value)[:200]
        self.symbols[dotted] = entry

    def walk(self, module, prefix="", active=()):
        """Collect the names under ``module``; ``active`` guards against cycles."""
        facade = module_name(module).startswith(FACADES)
        for name in names_of(module):
            dotted = prefix + name
            if dotted in NOT_API:
                continue
            try:
                value = getattr(module, name)
            except Exception:  # a name that is listed and raises on access is not there
                continue
            if is_module(value):
                home = module_name(value)
                if facade or not is_api(home):
                    continue
                if id(unwrapped(value)) in active:
                    continue
                self.record(dotted, value)
                self.walk(value, dotted + ".", (*active, id(unwrapped(value))))
            elif (
                not facade
                or "tensorflow" in str(getattr(value, "__module__", "tensorflow"))
                or (str(getattr(value, "__module__", "")).startswith("absl.flags"))
            ):
                self.record(dotted, value)


def constants():
    """Return every constant that TensorFlow 1 exports: [home, name, [public names]]."""
    rows = []
    for home, module in sorted(sys.modules.items()):
        if home.startswith("tensorflow.") and isinstance(module, types.ModuleType):
            listed = vars(module).get("_tf_api_constants_v1")
            for public, name in listed or ():
                rows.append([home, name, sorted(public)])
    return rows


def walk_public():
    """Return the public namespaces of this TensorFlow."""
    import tensorflow as tf

    result = {"version": tf.__version__, "environment": os.environ.get("TF_USE_LEGACY_KERAS", "")}
    walker = Walker()
    walker.walk(tf)
    result["tf"] = dict(walker.symbols)
    if tf.__version__.startswith("1."):
        walker.symbols = {}
        walk_contrib(walker, tf.contrib)
        result["contrib"] = walker.symbols
        result["constants"] = constants()
        walker.symbols = {}
        walker.walk(tf.compat.v1)
        # the same tree under another name, else the prefix could not be dropped
        result["v1"] = walker.symbols
    else:
        walker.symbols = {}
        walker.walk(tf.compat.v1)
        result["v1"] = walker.symbols
    return result


def walk_contrib(walker, contrib):
    """Collect what the sub-modules of ``contrib`` re-export, two levels deep."""
    for name in names_of(contrib):
        try:
            module = getattr(contrib, name)
        except Exception:  # several sub-modules need packages that nobody installs
            continue
        if not is_module(module) or "contrib" not in module_name(module):
            continue
        walker.record("contrib." + name, module)
        for inner in names_of(module):
            value = getattr(module, inner, None)
            if value is None or is_module(value):
                if is_module(value) and "contrib" in module_name(value):
                    walker.record(f"contrib.{name}.{inner}", value)
                continue
            walker.record(f"contrib.{name}.{inner}", value)


def private_modules():
    """Return the import names of the implementation modules, found on disk."""
    import tensorflow as tf

    package = os.path.dirname(tf.__file__)
    if not os.path.isdir(os.path.join(package, "python")):
        # 1.15 ships its code as tensorflow_core behind a package of forwarding modules
        package = os.path.join(os.path.dirname(package), "tensorflow_core")
    found = set()
    for top in ("python", "core", "examples", "tools"):
        for folder, folders, files in os.walk(os.path.join(package, top)):
            folders[:] = sorted(f for f in folders if f not in ("__pycache__", "testdata"))
            parts = os.path.relpath(folder, package).split(os.sep)
            for name in files:
                stem, extension = name.split(".", 1) if "." in name else (name, "")
                binary = extension.endswith("so") and stem.startswith("_pywrap")
                if not (extension == "py" or binary) or stem.endswith("_test"):
                    continue
                if top == "core" and not stem.endswith("_pb2"):
                    continue
                dotted = parts if stem == "__init__" else [*parts, stem]
                found.add(".".join(["tensorflow", *dotted]))
    return sorted(found)


def walk_private():
    """Return, for each implementation module, whether it imports and the names it holds."""
    import tensorflow as tf

    walker = Walker()
    walker.walk(tf)
    public = dict(walker.symbols)
    modules = {}
    for home in private_modules():
        try:
            module = importlib.import_module(home)
        except BaseException as error:  # tools call sys.exit, C++ bindings raise anything
            modules[home] = {"error": f"{type(error).__name__}: {str(error)[:160]}"}
            continue
        names = {}
        modules[home] = {"names": names, "id": walker.number(unwrapped(module))}
        for name in names_of(module):
            try:
                value = getattr(module, name)
            except Exception:  # listed and not there: see Walker.walk
                continue
            if is_module(value):
                continue
            origin = getattr(value, "__module__", None)
            kind = kind_of(value)
            if origin is None and kind in ("class", "call", "object"):
                origin = type(value).__module__
            if origin is not None and not str(origin).startswith("tensorflow"):
                continue
            entry = {"kind": kind, "own": origin in (None, home)}
            if kind != "plain":
                entry["id"] = walker.number(value)
            names[name] = entry
    return {
        "version": tf.__version__,
        "tf": public,
        "modules": modules,
        "constants": constants() if tf.__version__.startswith("1.") else [],
    }


def importable():
    """Return the implementation modules that import."""
    found = []
    for home in private_modules():
        try:
            importlib.import_module(home)
        except BaseException:  # what matters is that it does not import
            continue
        found.append(home)
    return found


def resolve(questions):
    """Answer ``{"module": [names]}`` with those names that ``module`` does not have."""
    answers = {}
    for home, names in sorted(questions["private"].items()):
        try:
            module = importlib.import_module(home)
        except BaseException as error:
            answers[home] = f"{type(error).__name__}: {str(error)[:160]}"
            continue
        answers[home] = [n for n in names if not has(module, n)]
    import tensorflow as tf

    public = {}
    for dotted in questions["public"]:
        value = tf.compat.v1
        try:
            for part in dotted.split("."):
                value = getattr(value, part)
            if is_module(value):
                dir(value)  # a lazy loader says only now that there is nothing to load
        except Exception:  # which error it is depends on the Keras that was found
            public[dotted] = None
            continue
        public[dotted] = home_of(value)
    for dotted in STUBS:
        if public.get(dotted) is not None and not works(tf, dotted):
            # a module of stubs only is a stub
            public[dotted] = public[dotted.rpartition(".")[0]] = None
    return {"version": tf.__version__, "private": answers, "public": public}


def works(tf, dotted):
    """Tell whether calling ``dotted`` gets further than "not available"."""
    value = tf.compat.v1
    for part in dotted.split("."):
        value = getattr(value, part)
    try:
        value(None)
    except NotImplementedError:
        return False
    except Exception:  # it did get further: None is no argument for it
        return True
    return True


def has(module, name):
    """Tell whether ``from module import name`` would work."""
    try:
        getattr(module, name)
        return True
    except Exception:
        pass
    try:
        importlib.import_module(f"{module.__name__}.{name}")
        return True
    except BaseException:
        return False


def main(arguments):
    """Run one of the three jobs and write its JSON."""
    warnings.simplefilter("ignore")
    job, out = arguments[:2]
    if job == "public":
        result = walk_public()
    elif job == "private":
        result = walk_private()
    elif job == "modules":
        result = importable()
    else:
        with open(arguments[2]) as stream:
            result = resolve(json.load(stream))
    with open(out, "w") as stream:
        json.dump(result, stream, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
