"""The ``tf.Module`` and the train functions that a scope becomes."""

from __future__ import annotations

import ast
import re
from keyword import iskeyword

from migrator.lift.bodies import Bodies
from migrator.lift.comments import leading_comments
from migrator.lift.expressions import arguments
from migrator.lift.kinds import Kind, Refusal, Step, Value, updates_in
from migrator.lift.parts import unused
from migrator.lift.scope import Scope, holds_variables
from migrator.lift.simulation import Simulation
from migrator.lift.slices import Group, Use, is_moved
from migrator.lift.spelling import Speller
from migrator.lift.text import Edit, Writer, call, comment_end

__all__ = ["Emitter"]

#: Attributes that ``tf.Module`` has itself.
_RESERVED = frozenset(
    {"name", "name_scope", "variables", "trainable_variables", "non_trainable_variables"}
    | {"submodules", "with_name_scope"}
)


class Emitter(Bodies):
    """Writes what a scope becomes.

    Args:
        scope: the analysis.
        uses: the distinct uses of its session.
        tensorflow: the name that TensorFlow is imported as.
        class_name: of the module.
        taken: identifiers that the file keeps.
        indent: one level of indentation.
        exports: whether the module is exported, so that it must hold signatures only.
    """

    def __init__(
        self,
        scope: Scope,
        uses: list[Use],
        tensorflow: str,
        class_name: str,
        taken: set[str],
        indent: str,
        exports: bool,
    ) -> None:
        super().__init__(scope, uses, tensorflow, taken, indent)
        self.class_name = class_name
        self.exports = exports
        self.members: set[str] = set()
        self.has_class = False
        self._lists: list[Value] = []
        self.signed: set[ast.stmt] = set()  #: statements whose comments a signature's method has
        self._attributes()
        self.optimizers = []
        self._make_optimizers()
        self._name_uses()
        self.functions = [use for use in uses if self.is_function(use)]
        self.methods = [use for use in uses if not self.is_function(use)]

    # -- names -------------------------------------------------------------------------

    def _attributes(self) -> None:
        paths: dict[str, str] = {}
        for value in self.scope.variables:
            if value.step is None or not value.path:
                assert value.node is not None
                raise Refusal(value.node, "assignment", "a variable is not kept in a name")
            root = re.split(r"\[", value.path)[0]
            if paths.setdefault(value.tf_name, value.path) != value.path:
                raise Refusal(
                    value.node or value.step.node,
                    "variable name",
                    f"two variables are called `{value.tf_name}`",
                )
            self.attributes[root] = f"{root}_" if root in _RESERVED else root
        # lists of variables that are read by their names
        steps = {value.step for value in self.scope.variables}
        read = [value for step in self.scope.steps for _, value in step.reads]
        self._lists = [
            value
            for value in dict.fromkeys(read)
            if value.kind is Kind.STRUCT and value.step not in steps and holds_variables(value)
        ]
        for value in self._lists:
            name = value.name or ""
            if name in self.attributes:
                raise Refusal(value.node or ast.Pass(), "one meaning", f"`{name}` means two things")
            self.attributes[name] = f"{name}_" if name in _RESERVED else name
        self.members = set(self.attributes.values()) | _RESERVED

    def is_function(self, use: Use) -> bool:
        """Whether a use becomes a function beside the module: it needs an optimizer."""
        if use.trains:
            return True
        return self.exports and use.signature is None

    def _name_uses(self) -> None:
        members = set(self.members)
        called = {self._wanted(use) for use in self.uses if not self.is_function(use)}
        for group in self.groups:
            wanted = (group.outputs[-1] if group.outputs else None) or None
            base = wanted.name if wanted is not None and wanted.name else "shared"
            placeholders = all(value.kind is Kind.PLACEHOLDER for value in group.inputs)
            if placeholders and len(group.outputs) == 1:
                for use in self.uses:
                    if (
                        not self.is_function(use)
                        and not use.updates
                        and use.signature is None
                        and use.steps == group.steps
                        and len(use.outputs) == 1
                        and use.outputs[0][1] is group.outputs[0]
                        and use.params == group.inputs
                        and not use.defaults
                    ):
                        group.use = use
                        break
            if group.use is None and base in called:
                base = f"{base}_of"  # the plain name is for the method that is called
            group.name = unused(base, members)
            members.add(group.name)
            if group.use is not None:
                group.use.name = group.name
        for use in self.uses:
            if use.name:
                continue
            base = self._wanted(use)
            if self.is_function(use):
                use.name = self.fresh(base)
            else:
                use.name = unused(base, members)
                members.add(use.name)

    def _wanted(self, use: Use) -> str:
        if use.updates:
            names = [
                value.name for _, value in use.runs[0].fetched if updates_in(value) and value.name
            ]
            name = names[0] if len(names) == 1 else ("train_step" if use.trains else "update")
            if use.trains and not re.search("train|step|update", name):
                return "train_step"
            return name
        if use.signature is not None:
            key = use.signature.key
            named = key.isidentifier() and key != "serving_default" and not iskeyword(key)
            return key if named else "predict"
        names = [node.id for node, _ in use.outputs if isinstance(node, ast.Name)]
        if len(names) == len(use.outputs) == 1:
            return names[0]
        return "evaluate"

    # -- the class ---------------------------------------------------------------------

    def class_lines(self) -> list[str]:
        """Return the class, or nothing where there is nothing to put into one."""
        tab = self.tab
        blocks: list[list[str]] = []
        if self.scope.variables:
            blocks.append(self._constructor())
        ordered = [(group.steps[-1].index, self._helper(group)) for group in self.groups]
        for use in self.methods:
            if any(group.use is use for group in self.groups):
                continue
            last = use.steps[-1].index if use.steps else 0
            ordered.append((last + 1, self._method(use)))
        blocks += [lines for _, lines in sorted(ordered, key=lambda item: item[0])]
        if not blocks:
            return []
        body: list[str] = []
        for block in blocks:
            rows = _reindented(block)
            body += [*([""] if body else []), *(f"{tab}{row}" if row else row for row in rows)]
        return [f"class {self.class_name}({self.tf}.Module):", *body]

    def _constructor(self) -> list[str]:
        tab = self.tab
        lines = ["def __init__(self):", f"{tab}super().__init__()"]
        for step in self._initial_steps():
            lines += self._variable_lines(step, tab)
        return lines

    def _initial_steps(self) -> list[Step]:
        """Return the statements that make variables, and those that these need."""
        needed: set[Step] = set()
        todo = [value.step for value in self.scope.variables if value.step is not None]
        todo += [value.step for value in self._lists if value.step is not None]
        while todo:
            step = todo.pop()
            if step in needed:
                continue
            needed.add(step)
            todo += [value.step for _, value in step.reads if is_moved(value) and value.step]
        return sorted(needed, key=lambda step: step.index)

    def _variable_lines(self, step: Step, level: str) -> list[str]:
        speller = self.speller(inside=True)
        variables = [
            value for value in self.scope.variables if value.step is step and value.call is not None
        ]
        if not variables and step not in [value.step for value in self._lists]:
            return self._copied(step, speller, level)
        self.commented.add(step)
        made = {value.call: speller.variable(value) for value in variables}
        inner = speller.writer._replace

        def replace(node: ast.AST, writer: Writer) -> str | list[Edit] | None:
            if node in made:
                return made[node]
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                return f"self.{self.attributes[node.id]}"
            return inner(node, writer)

        writer = Writer(self.scope.module, replace)
        text = level + writer.statement(step.node, len(level))
        _, comments = leading_comments(self.scope, step.node)
        return [*(level + row for row in comments), self.folded(text, step.node, "self")]

    # -- methods -----------------------------------------------------------------------

    def specs(self, use: Use, level: int) -> list[str]:
        """Return the decorator of a method or function."""
        if not use.params:
            # nothing is fed: any call is the one that is traced
            return [f"@{self.tf}.function(input_signature=[])"]
        texts: list[str] = []
        above: list[list[str]] = []
        for param in use.params:
            above.append(self._placeholder_comments(param))
            texts.append(self._spec(param, self._parameter(use, param)))
        if not any(above):
            head = call(f"@{self.tf}.function", [f"input_signature=[{', '.join(texts)}]"], 0, level)
            if "\n" not in head:
                return [head]
        lines = [f"@{self.tf}.function(", f"{self.tab}input_signature=["]
        for comments, text in zip(above, texts, strict=True):
            lines += [f"{self.tab * 2}{row}" for row in comments]
            lines.append(f"{self.tab * 2}{text},")
        return [*lines, f"{self.tab}]", ")"]

    def _placeholder_comments(self, value: Value) -> list[str]:
        step = value.step
        if step is None or step in self.commented:
            return []
        self.commented.add(step)
        _, lines = leading_comments(self.scope, step.node)
        text = self.scope.module.text
        end = self.scope.module.end(step.node)
        behind = text[end : comment_end(text, end)].strip()
        return [*lines, *([behind] if behind else [])]

    def _spec(self, value: Value, name: str) -> str:
        assert value.call is not None
        speller = Speller(self.scope, self.tf)
        if value.default is not None:
            given = arguments(value.call, ("input", "shape", "name"))
            return f"{self.tf}.TensorSpec({speller.text(given['shape'])}, {self.tf}.{value.dtype})"
        given = arguments(value.call, ("dtype", "shape", "name"))
        shape = speller.text(given["shape"]) if "shape" in given else "None"
        if "dtype" not in given:
            raise Refusal(value.call, "placeholder", "it has no data type")
        dtype = speller.text(given["dtype"])
        return f"{self.tf}.TensorSpec({shape}, {dtype})"

    def _parameter(self, use: Use, value: Value) -> str:
        assert value.name is not None
        if use.signature is not None:
            return next(key for key, given in use.signature.inputs.items() if given is value)
        return value.name

    def _method(self, use: Use) -> list[str]:
        names = {value.name or "": self._parameter(use, value) for value in use.params}
        if len(set(names.values())) != len(use.params):
            assert use.runs
            raise Refusal(use.runs[0].call, "feed", "two placeholders have one name")
        lines = [*self._signature_comments(use), *self.specs(use, len(self.tab))]
        lines.append(f"def {use.name}({', '.join(['self', *names.values()])}):")
        return lines + self._body(use, names, inside=True)

    def _signature_comments(self, use: Use) -> list[str]:
        """Return the comments of the statement that made the signature of a method."""
        if use.signature is None:
            return []
        text = self.scope.module.text
        for statement, value in self.scope.removed.items():
            made = value.signature
            if made is None or made.node is not use.signature.node or statement in self.signed:
                continue
            self.signed.add(statement)
            end = self.scope.module.end(statement)
            behind = text[end : comment_end(text, end)].strip()
            return [*leading_comments(self.scope, statement)[1], *([behind] if behind else [])]
        return []

    def _helper(self, group: Group) -> list[str]:
        lines = self.specs(group.use, len(self.tab)) if group.use is not None else []
        names = [value.name or "" for value in group.inputs]
        if len(set(names)) != len(names):
            raise Refusal(group.steps[0].node, "one meaning", "two versions of a name are needed")
        lines.append(f"def {group.name}({', '.join(['self', *names])}):")
        checker = Simulation({value.name or "": value for value in group.inputs})
        speller = self.speller(inside=True)
        for step in group.steps:
            checker.run(step)
            reads = [value for other in group.steps for _, value in other.reads]
            self._skip_unread(step, speller, [*reads, *group.outputs])
            lines += self._copied(step, speller, self.tab)
        for value in group.outputs:
            checker.has(value, group.steps[-1].node)
        lines.append(f"{self.tab}return {', '.join(value.name or '' for value in group.outputs)}")
        return lines

    # -- beside the class --------------------------------------------------------------

    def function_lines(self) -> list[list[str]]:
        """Return the functions that stand beside the module, each with its decorator."""
        blocks = []
        for use in self.functions:
            names = {value.name or "": value.name or "" for value in use.params}
            if len(names) != len(use.params):
                raise Refusal(use.runs[0].call, "feed", "two placeholders have one name")
            lines = self.specs(use, 0)
            lines.append(f"def {use.name}({', '.join(names)}):")
            blocks.append(_reindented(lines + self._body(use, names, inside=False)))
        return blocks


def _reindented(lines: list[str]) -> list[str]:
    """Return the lines, those with newlines inside taken apart."""
    return [row for line in lines for row in line.split("\n")]
