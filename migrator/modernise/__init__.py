"""What stops a program before TensorFlow does: names that Python 3 and today's packages lost.

A migrated program runs on Python 3.10 or later and NumPy 2.  The rules that say what became of
`np.bool`, `xrange` or `scipy.misc.imread` are ordinary rules, about names of other packages
(``numpy.bool``), of Python itself (``builtins.xrange``), about imports (``import imp``) and
about methods of objects of any kind (``*.iteritems``).  They edit by place in the text, so they
work on whatever the rewrite of the saving code left, lifted or not.

Files that are no Python 3 at all are made so first, where that is asked for
(:mod:`migrator.modernise.python2`).
"""

from __future__ import annotations

from migrator.modernise.origins import guarded, origin
from migrator.modernise.passes import looked_at, with_removed
from migrator.modernise.places import Place, Replace, Span

__all__ = ["Place", "Replace", "Span", "guarded", "looked_at", "origin", "with_removed"]
