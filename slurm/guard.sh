#!/bin/bash
# Watches full_benchmark.sh from the other nodes of its job, as a step of the job: with --no-kill Slurm leaves a job
# running without its script when the script's node is lost. The guard then requeues the job.
#
#   slurm/guard.sh NODE     NODE: the node that runs the script
set -euo pipefail
script_node=$1
while sleep "$MTLGRID_GUARD_SECONDS"; do
  facts=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format='%T %N') || continue
  read -r state nodes <<<"$facts"
  if [[ $state == RUNNING ]] && ! scontrol show hostnames "$nodes" | grep --quiet --line-regexp --fixed-strings "$script_node"; then
    scontrol requeue "$SLURM_JOB_ID"
  fi
done
