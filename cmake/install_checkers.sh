#!/bin/sh
# Puts the pinned clang-format and clang-tidy, out of PyPI's wheels, into FOLDER (first argument). Done once a version.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions.env"
folder=$1
stamp="$folder/.mtlgrid-$CLANG_FORMAT_VERSION-$CLANG_TIDY_VERSION"
[ ! -e "$stamp" ] || exit 0
echo "mtlgrid: installing clang-format $CLANG_FORMAT_VERSION and clang-tidy $CLANG_TIDY_VERSION into $folder" >&2
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir \
  "clang-format==$CLANG_FORMAT_VERSION" "clang-tidy==$CLANG_TIDY_VERSION"
touch "$stamp"
