"""`python -m smilegenuine` is the command `smilegenuine`."""

import sys

from .cli import main

sys.exit(main())
