"""A proof-reader for matrix calculus: derive a derivative, check a claimed one, prove the identities against JAX.

The public names stand in `__init__.pyi`; each is loaded when it is first used, so that importing costs next to nothing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.1.0"
