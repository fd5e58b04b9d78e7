"""Notebooks: read as one module in the order of their cells, changed cell by cell.

``source`` has the module that a notebook makes, ``document`` its JSON, and ``python`` what IPython
adds to Python.
"""

from __future__ import annotations
