#!/bin/sh
# Puts LibTorch, out of PyPI's wheel, into FOLDER (first argument). The CPU set takes 1.5 GB; the CUDA set (5 GB) is
# taken where an NVIDIA driver is found or CUDA=1 is given. Done once: a stamp file names what was installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions.env"
folder=$1

set_name=cpu-nccl-$NCCL_WHEEL_VERSION
if [ "${CUDA:-}" = 1 ] || { [ -z "${CUDA:-}" ] && command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; }; then
  set_name=cuda-crt-$CUDA_CRT_WHEEL_VERSION
fi
stamp="$folder/.mtlgrid-$LIBTORCH_VERSION-$set_name"
[ ! -e "$stamp" ] || exit 0
echo "mtlgrid: installing LibTorch $LIBTORCH_VERSION ($set_name) into $folder" >&2
rm -rf "$folder"
mkdir -p "$folder"
pip="python3 -m pip install --quiet --disable-pip-version-check --no-cache-dir --root-user-action=ignore --target $folder --python-version $WHEEL_PYTHON --only-binary=:all:"
if [ "$set_name" = "cuda-crt-$CUDA_CRT_WHEEL_VERSION" ]; then
  $pip "torch==$LIBTORCH_VERSION" "nvidia-cuda-crt==$CUDA_CRT_WHEEL_VERSION"
else
  $pip --no-deps "torch==$LIBTORCH_VERSION" "nvidia-cuda-runtime==$CUDA_RUNTIME_WHEEL_VERSION" \
    "nvidia-cuda-cupti==$CUDA_CUPTI_WHEEL_VERSION" "nvidia-nccl-cu13==$NCCL_WHEEL_VERSION"
fi
touch "$stamp"
