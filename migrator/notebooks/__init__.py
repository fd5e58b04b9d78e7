"""Notebooks: read as one module in the order of their cells, changed cell by cell.

``source`` has the module that a notebook makes, ``document`` its JSON, ``python`` what IPython
adds to Python, ``findings`` brings places and messages back to cells.
"""

from __future__ import annotations
