"""The rules of tf-migrator, one file each; loaded as ``migrator.rules``."""

if __name__ == "rules":
    raise ImportError(
        "these are the rules of tf-migrator: import them as migrator.rules, through"
        " migrator.rulebook.load_package()"
    )
