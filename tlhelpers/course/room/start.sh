#!/bin/sh
# Linux and macOS: sh start.sh
# start.py does the work, and finds the Python that fits.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 2
for python in python3 python3.13 python3.12 python3.11 python; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then
    exec "$python" "$here/start.py" "$@"
  fi
done
echo "start: this computer has no Python 3; README.txt says what to do." >&2
exit 2
