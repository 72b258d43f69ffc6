#!/bin/bash
# Looks after full_benchmark.sh from the other nodes of its job, as a step of it: with --no-kill Slurm leaves a job
# running, without its script, when the script's node is lost. The job is queued again then.
#
#   slurm/guard.sh NODE     NODE: where the script runs
set -euo pipefail
script_node=$1
while sleep "$MTLGRID_GUARD_SECONDS"; do
  facts=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format='%T %N') || continue
  read -r state nodes <<<"$facts"
  if [[ $state == RUNNING ]] && ! scontrol show hostnames "$nodes" | grep --quiet --line-regexp --fixed-strings "$script_node"; then
    scontrol requeue "$SLURM_JOB_ID"
  fi
done
