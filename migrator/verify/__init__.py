"""Verify a whole migration: run its programs before and after it, and check every model.

:func:`load_manifest` reads what is to be run and compared, :func:`verify` does it::

    from migrator.verify import verify

    def test_the_migration_changes_no_model():
        assert verify("verify.toml").match

The programs run as the user who calls this does; only the models that they write are treated as
untrusted.
"""

from __future__ import annotations

from migrator.verify.manifest import Manifest, ManifestError, load_manifest
from migrator.verify.run import Interrupted, Verification, VerifyError, verify

__all__ = [
    "Interrupted",
    "Manifest",
    "ManifestError",
    "Verification",
    "VerifyError",
    "load_manifest",
    "verify",
]
