#!/usr/bin/env bash
# install_oracle.sh FOLDER: a Python virtual environment with what tests/oracle needs (PyTorch and more: 6 GB, minutes).
# Does nothing where it is there already for the same requirements.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
requirements=tests/oracle/requirements.txt
if cmp -s "$requirements" "$folder/requirements.txt"; then exit 0; fi
python3 -m venv "$folder" || {
  echo "install_oracle.sh: python3 cannot make a virtual environment; on Debian: apt install python3-venv" >&2
  exit 1
}
echo "installing $requirements into $folder" >&2
"$folder/bin/python" -m pip install --quiet --requirement "$requirements"
cp "$requirements" "$folder/requirements.txt"
