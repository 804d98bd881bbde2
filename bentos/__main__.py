"""`python -m bentos` serves the released Bento; see bentos.serve."""

import sys

from bentos.serve import main

if __name__ == "__main__":
    sys.exit(main())
