#!/bin/bash
# The whole grid on a Slurm cluster, over as many jobs as it takes, and its tables.
#
#   slurm/full_benchmark.sh [CONFIG]     submits itself with the values of slurm/site.sh
#   MTLGRID_REHEARSE=3 MTLGRID_WALLTIME=15 slurm/full_benchmark.sh [CONFIG]
#                                        rehearses that for 3 minutes instead (docs/rehearsal.md)
#
# Ends with the grid's own status (docs/slurm.md). That status comes from STORE.done alone: mpirun returns 0 whatever
# happened, and does not return at all after the loss of a node.
#SBATCH --job-name=mtlgrid
#SBATCH --output=mtlgrid-%j.log
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@300
#SBATCH --requeue
#SBATCH --no-kill
set -euo pipefail

# Slurm runs a copy out of its spool folder, so the files beside this script are looked for.
for folder in "${MTLGRID_SLURM_DIR:-}" "$(dirname "${BASH_SOURCE[0]}")" "${SLURM_SUBMIT_DIR:-.}/slurm"; do
  if [[ -r $folder/lib.sh ]]; then break; fi
done
MTLGRID_SLURM_DIR=$(cd "$folder" && pwd)
export MTLGRID_SLURM_DIR
# shellcheck source=slurm/lib.sh
. "$MTLGRID_SLURM_DIR/lib.sh"
read_site

config=${1:-$MTLGRID_CONFIG}
[[ -n $config ]] || die "name a configuration, or set MTLGRID_CONFIG in slurm/site.sh"
config=$(absolute_file "$config")
if [[ -z ${SLURM_JOB_ID:-} ]]; then
  submit "$MTLGRID_SLURM_DIR/full_benchmark.sh" "$MTLGRID_GPUS_PER_NODE" "--nodes=$MTLGRID_NODES" \
    "--ntasks-per-node=$MTLGRID_TASKS_PER_NODE" ${MTLGRID_REHEARSE:+--no-requeue} -- "$config"
fi

store=${MTLGRID_STORE:-$(config_store "$config")} || die "$config: [grid] has no store"
ended=$store.done  # what the run writes when it ends
order=()           # what `mtlgrid run` is to do, besides the site's options
if [[ -n $MTLGRID_REHEARSE ]]; then
  ended=$store.rehearsal.done
  order=(--rehearse "$MTLGRID_REHEARSE")
fi
mpirun_pid=
stop_asked=  # second at which Slurm asked us to stop

# Walltime (USR1) and preemption (TERM): every rank gets USR1 from mpirun, checkpoints and leaves.
# shellcheck disable=SC2317  # called by the trap
pass_on() {
  say "asked to stop by Slurm"
  stop_asked=${stop_asked:-$SECONDS}
  if [[ -n $mpirun_pid ]]; then kill -USR1 "$mpirun_pid" 2>/dev/null || true; fi
}

# When Slurm ends this job, in seconds since 1970; nothing if it does not say, or never.
job_end() {
  local end=${SLURM_JOB_END_TIME:-}
  if [[ -z $end ]]; then
    end=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%e 2>/dev/null) || return 0
    end=$(date --date="$end" +%s 2>/dev/null) || return 0
  fi
  if [[ $end =~ ^[0-9]+$ ]]; then printf '%s\n' "$end"; fi
}

start_grid() {
  local end=
  # mpirun --enable-recovery waits for ever for a program that cannot be started.
  command -v "$MTLGRID_BINARY" >/dev/null || die "$MTLGRID_BINARY cannot be started; see MTLGRID_BINARY in slurm/site.sh"
  rm -f "$ended" # of an earlier launch: it must not be taken for this one's
  [[ ! -e $ended ]] || die "$ended cannot be removed"
  if [[ -z $MTLGRID_REHEARSE ]]; then end=$(job_end); fi
  # mpirun starts its daemons as a step, which Slurm would end at the loss of one node, or of one daemon.
  export SLURM_NO_KILL=set SLURM_KILL_BAD_EXIT=0
  # shellcheck disable=SC2086  # options are meant to be split
  "$MTLGRID_MPIRUN" --enable-recovery --bind-to none $MTLGRID_MPIRUN_ARGS \
    "$MTLGRID_BINARY" run "$config" "${order[@]}" ${end:+--ends "$end"} $MTLGRID_RUN_ARGS &
  mpirun_pid=$!
}

# The other nodes look after this one (guard.sh).
start_guard() {
  local others=$((${SLURM_JOB_NUM_NODES:-1} - 1))
  if ((others > 0)); then
    srun --overlap --no-kill --relative=1 --nodes="$others" --ntasks="$others" --ntasks-per-node=1 --cpus-per-task=1 --mem=0 --mpi=none \
      --output=none --error=none "$MTLGRID_SLURM_DIR/guard.sh" "$SLURMD_NODENAME" 2>/dev/null &
    # shellcheck disable=SC2064  # this process
    trap "kill -KILL $! 2>/dev/null || true" EXIT
  fi
}

mpirun_runs() { kill -0 "$mpirun_pid" 2>/dev/null; }

# A pause that a signal can end.
pause() {
  sleep "$MTLGRID_POLL_SECONDS" &
  wait $! || true
}

end_mpirun() {
  local until=$((SECONDS + MTLGRID_KILL_SECONDS)) children
  say "ending mpirun: $1"
  kill -TERM "$mpirun_pid" 2>/dev/null || true
  while mpirun_runs; do
    if ((SECONDS >= until)); then
      # Its own children would outlive it: the sruns that started its daemons.
      children=$(ps -o pid= --ppid "$mpirun_pid") || true
      # shellcheck disable=SC2086  # a list of numbers
      kill -KILL "$mpirun_pid" $children 2>/dev/null || true
    fi
    pause
  done
}

# Returns when mpirun has ended, by itself or, after $ended has come or too late after a signal, by us.
await_end() {
  local done_since='' last=$((MTLGRID_SIGNAL_SECONDS > 60 ? MTLGRID_SIGNAL_SECONDS - 45 : MTLGRID_SIGNAL_SECONDS))
  while mpirun_runs; do
    pause
    mpirun_runs || break
    if [[ -e $ended ]]; then done_since=${done_since:-$SECONDS}; fi
    if [[ -n $done_since ]] && ((SECONDS - done_since >= MTLGRID_GRACE_SECONDS)); then
      end_mpirun "the grid has ended and left it hanging"
    elif [[ -n $stop_asked ]] && ((SECONDS - stop_asked >= last)); then
      end_mpirun "the walltime is nearly over"
    fi
  done
}

# Whether somebody ended this job with scancel: it would come back if it were requeued. Slurm then has it as COMPLETING
# without a reason, after the walltime with the reason TimeLimit.
cancelled() {
  [[ $(squeue --noheader --jobs="$SLURM_JOB_ID" --states=all --format='%T %r' 2>/dev/null) =~ ^(CANCELLED.*|COMPLETING None)$ ]]
}

# Back into the queue, unless that has been done too often without a further cell done. STORE.requeues remembers: job,
# cells done, requeues since that number last grew.
requeue() {
  local reason=$1 status=$2 job='' cells=0 tries=0 now
  if [[ -r $store.requeues ]]; then read -r job cells tries <"$store.requeues" || true; fi
  if [[ $job != "$SLURM_JOB_ID" || ! $tries =~ ^[0-9]+$ || ! $cells =~ ^[0-9]+$ ]]; then cells=0 tries=0; fi
  now=$(json_number "$store.done" "done")
  if ((${now:-0} > cells)); then cells=$now tries=0; else tries=$((tries + 1)); fi
  if ((tries > MTLGRID_REQUEUES)); then
    say "$reason; $MTLGRID_REQUEUES requeues brought no further cell ($cells done), so this job gives up." \
      "See the log above; submitting it again goes on where it stopped"
    rm -f "$store.requeues"
    exit "$status"
  fi
  printf '%s %s %s\n' "$SLURM_JOB_ID" "$cells" "$tries" >"$store.requeues.tmp"
  mv "$store.requeues.tmp" "$store.requeues"
  into_the_queue "$reason" "$status" "; requeued with ${now:-an unknown number of} cells done"
}

# Ends this launch: requeued, with a log line of $1 and $3, or with status $2 where that cannot be.
into_the_queue() {
  local reason=$1 status=$2
  if cancelled; then
    say "$reason; this job was cancelled, so it is not requeued. Submitting it again goes on where it stopped"
    exit "$status"
  fi
  say "$reason$3"
  trap '' USR1 TERM # Slurm ends this job now, to queue it again
  scontrol requeue "$SLURM_JOB_ID" || {
    say "cannot be requeued: submit it again by hand"
    exit "$status"
  }
  exit 0
}

finish() {
  local tables=${MTLGRID_TABLES:-$(dirname "$store")/tables}
  rm -f "$store.requeues"
  if (($1 == 1)); then say "some cells failed: mtlgrid status $store names them"; fi
  "$MTLGRID_BINARY" tables "$store" --out "$tables" || {
    say "the tables could not be made"
    exit 4
  }
  say "tables are in $tables"
  exit "$1"
}

# Whether a run that lives has the store: its heartbeats change STORE.lock.
lock_is_kept() {
  local before now until=$((SECONDS + MTLGRID_LOCK_SECONDS))
  before=$(cat "$store.lock" 2>/dev/null) || return 1
  # Rank 0 of this launch was on this machine.
  if [[ $before == *"\"host\":\"$(uname -n)\""* ]] && ! kill -0 "$(json_number "$store.lock" pid)" 2>/dev/null; then return 1; fi
  while ((SECONDS < until)); do
    pause
    now=$(cat "$store.lock" 2>/dev/null) || return 1
    if [[ $now != "$before" ]]; then return 0; fi
  done
  return 1
}

# No STORE.done: the coordinator died, or never began because of its input or because the store is another run's.
without_status() {
  local status=0
  if [[ -z $stop_asked ]] && lock_is_kept; then
    # Slurm queues a job again whose node it cannot reach any more, though its script and ranks may live on there.
    if ((${SLURM_RESTART_COUNT:-0} > 0)); then
      into_the_queue "an earlier launch of this job still runs (see $store.lock)" 5 "; requeued until it has ended"
    fi
    say "the store is held by another run (see $store.lock): submit again when that has ended"
    exit 5
  fi
  if [[ -z $stop_asked ]]; then "$MTLGRID_BINARY" plan "$config" >/dev/null || status=$?; fi
  if ((status == 2)); then die "$config: mend what is named above and submit again"; fi
  requeue "the run ended without $store.done (coordinator killed?)" 4
}

# The report is in the log; this script does not try again.
finish_rehearsal() {
  local status='' input=0
  if [[ -n $mpirun_pid ]]; then status=$(json_number "$ended" status); fi # else the file is an earlier one's
  case $status in
    0) say "rehearsed without a problem" ;;
    1) say "the rehearsal found problems, see its report above" ;;
    *)
      status=4
      "$MTLGRID_BINARY" plan "$config" >/dev/null || input=$?
      if ((input == 2)); then die "$config: mend what is named above and rehearse again"; fi
      say "the rehearsal ended without a report, see above"
      ;;
  esac
  exit "$status"
}

trap pass_on USR1 TERM
load_modules
if [[ -z $stop_asked ]]; then
  start_grid
  if [[ -z $MTLGRID_REHEARSE ]]; then start_guard; fi
  if [[ -n $stop_asked ]]; then kill -USR1 "$mpirun_pid" 2>/dev/null || true; fi # came between the two lines
  await_end
fi

if [[ -n $MTLGRID_REHEARSE ]]; then finish_rehearsal; fi
case $(json_number "$store.done" status) in
  0) finish 0 ;;
  1) finish 1 ;;
  2) die "bad configuration or input: mend what is named above and submit again" ;;
  3) requeue "stopped with work left" 3 ;;
  5)
    say "a person must act first, see above (disk full, or the store held by another run); then submit again"
    exit 5
    ;;
  '') without_status ;;
  *)
    say "internal error, see above; submitting again goes on where it stopped"
    exit 4
    ;;
esac
