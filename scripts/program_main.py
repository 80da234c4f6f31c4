"""Where the built program starts: the same as `collect`."""

import warnings

from collector.cli import main

# Pictures in a PDF need Pillow, 25 MB of parsers of foreign formats; our sheets hold none, so it is left out.
warnings.filterwarnings("ignore", "Pillow could not be imported")
main()
