"""The command that lists and explains the rules."""

from __future__ import annotations

import argparse

from migrator.cli.output import consoles
from migrator.cli.usage import Usage

__all__ = ["run_rules"]


def run_rules(options: argparse.Namespace) -> int:
    """List the rules, or print the documentation of one."""
    from migrator import rulebook
    from migrator.report import console

    out, _ = consoles()
    if options.code is None:
        console.print_rules(out, rulebook.rule_infos())
        return 0
    found = rulebook.find(options.code)
    if found is None:
        near = dict(rulebook.unknown([options.code])).get(options.code)
        hint = f"; did you mean {near}?" if near else "; `migrator rules` lists them"
        raise Usage(f"no rule has the code or name {options.code!r}{hint}")
    console.print_rule(out, found)
    return 0
