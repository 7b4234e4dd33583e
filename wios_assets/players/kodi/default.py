"""Entry point: RunScript(script.wios,who), or choose, next, previous."""

import sys

from resources.lib import actions

if __name__ == "__main__":
    actions.run(sys.argv[1] if len(sys.argv) > 1 else "who")
