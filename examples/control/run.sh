#!/usr/bin/env bash
# run.sh OUT SEED...: the control experiment on the virtual cohorts, one grid per seed; see docs/control.md.
# Joint training with informative auxiliaries (LF and LISS for MSI, Prolif for HRD), with `Null`, which depends on
# nothing, and baseline; the paper's model and training, the same folds for every seed. Run it again to resume.
# DATA: folder of the virtual cohorts (default: ../shared/data/virtual beside this repository). MTLGRID: the program.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
data=$(realpath "${DATA:-$root/../shared/data/virtual}")
program=${MTLGRID:-$root/build/mtlgrid}
out=$1
shift
mkdir -p "$out"
for seed in "$@"; do
  cat > "$out/seed-$seed.ini" <<INI
[grid]
store = seed-$seed.db
seed = $seed
split_seed = 1337
methods = baseline, naive
[cohort.VTCGA]
clini = $data/VTCGA/clini.csv
slides = $data/VTCGA/slide.csv
features = $data/VTCGA/feats
[cohort.VCPTAC]
clini = $data/VCPTAC/clini.csv
slides = $data/VCPTAC/slide.csv
features = $data/VCPTAC/feats
[biomarker.MSI]
train = VTCGA
external = VCPTAC
label = isMSIH
positive = MSIH
auxiliaries = LF, LISS, Null
[biomarker.HRD]
train = VTCGA
external = VCPTAC
label = HRD
positive = HRD
auxiliaries = Prolif, Null
[train]
keep_weights = none
INI
  # One baseline per biomarker: no patient lacks a label here, so its data are the same with every auxiliary.
  "$program" run "$out/seed-$seed.ini" --trainers "${TRAINERS:-2}" --only 'method=naive'
  "$program" run "$out/seed-$seed.ini" --trainers "${TRAINERS:-2}" --only 'method=baseline,auxiliary=LF|Prolif'
done
