"""``python -m diskern`` is the ``diskern`` command."""

import sys

from .cli import main

sys.exit(main())
