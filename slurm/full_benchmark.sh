#!/bin/bash
# Trains the whole grid on a Slurm cluster, over as many jobs as it takes, and writes its tables.
#
#   slurm/full_benchmark.sh [CONFIG]     submits itself with the values of slurm/site.sh
#   MTLGRID_COMMAND=extract slurm/full_benchmark.sh [CONFIG]
#                                        computes the features of slides instead (docs/extraction.md)
#   MTLGRID_REHEARSE=3 MTLGRID_WALLTIME=15 slurm/full_benchmark.sh [CONFIG]
#                                        rehearses for 3 minutes instead (docs/rehearsal.md)
#
# Exits with the status of the grid (docs/slurm.md), which it reads from STORE.done: mpirun always returns 0, and does
# not return at all after the loss of a node.
#SBATCH --job-name=mtlgrid
#SBATCH --output=mtlgrid-%j.log
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@300
#SBATCH --requeue
#SBATCH --no-kill
set -euo pipefail

# Slurm runs a copy from its spool folder, so the script searches for its companion files.
for folder in "${MTLGRID_SLURM_DIR:-}" "$(dirname "${BASH_SOURCE[0]}")" "${SLURM_SUBMIT_DIR:-.}/slurm"; do
  if [[ -r $folder/lib.sh ]]; then break; fi
done
[[ $folder == /* ]] || folder=$PWD/$folder
MTLGRID_SLURM_DIR=$folder
export MTLGRID_SLURM_DIR
# shellcheck source=slurm/lib.sh
. "$MTLGRID_SLURM_DIR/lib.sh"
read_site

[[ $MTLGRID_COMMAND =~ ^(run|extract)$ ]] || die "MTLGRID_COMMAND is '$MTLGRID_COMMAND', expected run or extract"
[[ $MTLGRID_COMMAND == run || -z $MTLGRID_REHEARSE ]] || die "a rehearsal is of run: unset MTLGRID_COMMAND or MTLGRID_REHEARSE"
config=${1:-$MTLGRID_CONFIG}
[[ -n $config ]] || die "name a configuration, or set MTLGRID_CONFIG in slurm/site.sh"
config=$(absolute_file "$config")
if [[ -z ${SLURM_JOB_ID:-} ]]; then
  check_before_submission "$config"
  submit "$MTLGRID_SLURM_DIR/full_benchmark.sh" "$MTLGRID_GPUS_PER_NODE" "--nodes=$MTLGRID_NODES" \
    "--ntasks-per-node=$MTLGRID_TASKS_PER_NODE" ${MTLGRID_REHEARSE:+--no-requeue} -- "$config"
fi

store='' store_done='' store_lock='' rehearsal_done='' # set by ask_paths
ended=''                                               # the file that the run writes when it ends
order=()                                               # options of the command besides the site's options
mpirun_pid=
stop_asked=  # time in seconds at which Slurm asked this job to stop

# Walltime (USR1) and preemption (TERM): mpirun passes USR1 to every rank, which checkpoints and exits.
# shellcheck disable=SC2317  # called by the trap
pass_on() {
  say "Slurm asked this job to stop"
  stop_asked=${stop_asked:-$SECONDS}
  if [[ -n $mpirun_pid ]]; then kill -USR1 "$mpirun_pid" 2>/dev/null || true; fi
}

# Prints when Slurm will end this job, in seconds since 1970; prints nothing if that is unknown or never. What is not a time to
# come is not believed: the run would stop at once.
job_end() {
  local end=${SLURM_JOB_END_TIME:-}
  if [[ -z $end ]]; then
    end=$(ask_slurm squeue --noheader --jobs="$SLURM_JOB_ID" --format=%e) || return 0
    [[ $end =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[[:space:]]*$ ]] || return 0
    end=$(date --date="$end" +%s 2>/dev/null) || return 0
  fi
  if is_number "$end" && ((end > $(date +%s))); then printf '%s\n' "$end"; fi
}

start_grid() {
  local end=
  remove_file "$ended" # an earlier launch's file must not be taken for this launch's
  if [[ -z $MTLGRID_REHEARSE ]]; then end=$(job_end); fi
  # mpirun starts its daemons as a step, which Slurm would end after the loss of one node or one daemon.
  export SLURM_NO_KILL=set SLURM_KILL_BAD_EXIT=0
  # shellcheck disable=SC2086  # options are meant to be split
  "$MTLGRID_MPIRUN" --enable-recovery --bind-to none $MTLGRID_MPIRUN_ARGS \
    "$MTLGRID_BINARY" "$MTLGRID_COMMAND" "$config" "${order[@]}" ${end:+--ends "$end"} $MTLGRID_RUN_ARGS &
  mpirun_pid=$!
}

# The other nodes watch this one (guard.sh).
start_guard() {
  local others=0
  if is_number "${SLURM_JOB_NUM_NODES:-}"; then others=$((SLURM_JOB_NUM_NODES - 1)); fi
  if ((others > 0)) && [[ -n ${SLURMD_NODENAME:-} ]]; then
    srun --overlap --no-kill --relative=1 --nodes="$others" --ntasks="$others" --ntasks-per-node=1 --cpus-per-task=1 --mem=0 --mpi=none \
      --output=none --error=none "$MTLGRID_SLURM_DIR/guard.sh" "$SLURMD_NODENAME" 2>/dev/null &
    # shellcheck disable=SC2064  # this process
    trap "kill -KILL $! 2>/dev/null || true" EXIT
  fi
}

mpirun_runs() { kill -0 "$mpirun_pid" 2>/dev/null; }

# Sleeps until the next poll; a signal interrupts the sleep.
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
      # The sruns that started its daemons are its children and would outlive it.
      children=$(ps -o pid= --ppid "$mpirun_pid") || true
      [[ $children =~ ^[0-9[:space:]]*$ ]] || children=
      # shellcheck disable=SC2086  # a list of numbers
      kill -KILL "$mpirun_pid" $children 2>/dev/null || true
    fi
    pause
  done
}

# Returns when mpirun has ended. Ends mpirun if it still runs some time after $ended has appeared, or too long after a
# signal.
await_end() {
  local done_since='' last=$((MTLGRID_SIGNAL_SECONDS > 60 ? MTLGRID_SIGNAL_SECONDS - 45 : MTLGRID_SIGNAL_SECONDS))
  while mpirun_runs; do
    pause
    mpirun_runs || break
    if [[ -e $ended ]]; then done_since=${done_since:-$SECONDS}; fi
    if [[ -n $done_since ]] && ((SECONDS - done_since >= MTLGRID_GRACE_SECONDS)); then
      end_mpirun "the grid has ended but mpirun hangs"
    elif [[ -n $stop_asked ]] && ((SECONDS - stop_asked >= last)); then
      end_mpirun "the walltime is nearly over"
    fi
  done
}

# Prints whether the user ended this job with scancel, yes or no; a requeue would revive it. Slurm shows such a job as COMPLETING
# without a reason, but a job that reached its walltime with the reason TimeLimit. Prints nothing if Slurm's answer is not
# one line with a state and a reason, three times.
cancelled() {
  local answer try
  for try in 1 2 3; do
    if ((try > 1)); then pause; fi
    answer=$(ask_slurm squeue --noheader --jobs="$SLURM_JOB_ID" --states=all --format='%T %r') || continue
    [[ $answer =~ ^[A-Z_]+\ [^[:cntrl:]]+$ ]] || continue
    if [[ $answer =~ ^(CANCELLED.*|COMPLETING None)[[:space:]]*$ ]]; then echo yes; else echo no; fi
    return
  done
}

# Writes $1 to STORE.requeues: under another name first, which is made new and not written through a link that somebody left.
# Where that is impossible the job is still requeued: without the count it gives up later, which is said.
keep_count() {
  local temporary=$store.requeues.tmp
  rm -f "$temporary" 2>/dev/null || true
  if ! (set -C && printf '%s\n' "$1" >"$temporary") || ! mv -T "$temporary" "$store.requeues"; then
    say "$store.requeues cannot be written: requeues without progress are not counted"
  fi
}

# Requeues the job, unless too many requeues have finished no further cell. STORE.requeues keeps: job, cells done,
# requeues since that number last grew.
requeue() {
  local reason=$1 status=$2 job='' cells=0 tries=0 now
  read -r job cells tries <<<"$(contents_of "$store.requeues" | tr -d '\0')" || true
  if [[ $job != "$SLURM_JOB_ID" ]] || ! is_number "$tries" || ! is_number "$cells"; then cells=0 tries=0; fi
  now=$(json_number "$store_done" "done")
  if ((${now:-0} > cells)); then cells=$now tries=0; else tries=$((tries + 1)); fi
  if ((tries > MTLGRID_REQUEUES)); then
    say "$reason; $MTLGRID_REQUEUES requeues finished no further cell ($cells done), so this job gives up." \
      "See the log above; submit it again to continue"
    rm -f "$store.requeues" || true
    exit "$status"
  fi
  keep_count "$SLURM_JOB_ID $cells $tries"
  into_the_queue "$reason" "$status" "; requeued with ${now:-an unknown number of} cells done"
}

# Ends this launch by a requeue, with a log line of $1 and $3; exits with status $2 if that is impossible.
into_the_queue() {
  local reason=$1 status=$2
  case $(cancelled) in
    no) ;;
    yes)
      say "$reason; this job was cancelled, so it is not requeued. Submit it again to continue"
      exit "$status"
      ;;
    *)
      say "$reason; squeue does not say whether this job was cancelled, so it is not requeued. Submit it again to continue"
      exit "$status"
      ;;
  esac
  say "$reason$3"
  trap '' USR1 TERM # Slurm ends this job now and queues it again
  ask_slurm scontrol requeue "$SLURM_JOB_ID" || {
    say "scontrol requeue failed: submit the job again"
    exit "$status"
  }
  exit 0
}

finish() {
  local tables=${MTLGRID_TABLES:-$(dirname "$store")/tables} grid made=0
  grid=$(json_number "$ended" grid) # the run's grid: the store may hold others
  rm -f "$store.requeues" || say "$store.requeues cannot be removed"
  if [[ $MTLGRID_COMMAND == extract ]]; then
    if (($1 == 1)); then say "some slides failed: mtlgrid status $store names them"; fi
    exit "$1"
  fi
  if (($1 == 1)); then say "some cells failed: mtlgrid status $store names them"; fi
  "$MTLGRID_BINARY" tables "$store" ${grid:+--grid "$grid"} --out "$tables" || made=$?
  if ((made == 2)) && [[ -n $grid ]]; then # the folder holds the tables of another grid
    tables=$tables-grid$grid made=0
    "$MTLGRID_BINARY" tables "$store" --grid "$grid" --out "$tables" || made=$?
  fi
  if ((made != 0)); then
    say "mtlgrid tables failed, see above"
    exit 4
  fi
  say "tables are in $tables"
  exit "$1"
}

# Whether a live run holds the store: its heartbeats change STORE.lock.
lock_is_kept() {
  local before now pid until=$((SECONDS + MTLGRID_LOCK_SECONDS))
  before=$(contents_of "$store_lock" | tr -d '\0') || return 1
  # A holder on this machine can be checked by its process id, if the lock has one.
  pid=$(json_number "$store_lock" pid)
  if [[ -n $pid && $before == *"\"host\":\"$(uname -n)\""* ]] && ! kill -0 "$pid" 2>/dev/null; then return 1; fi
  while ((SECONDS < until)); do
    pause
    now=$(contents_of "$store_lock" | tr -d '\0') || return 1
    if [[ $now != "$before" ]]; then return 0; fi
  done
  return 1
}

# Without STORE.done: the coordinator died, or it never started because of bad input or because another run holds the
# store.
without_status() {
  local status=0
  if [[ ${SLURM_JOB_NODELIST:-$(uname -n)} == *_* ]]; then
    say "Open MPI 4.1 starts nothing on nodes with an underscore in their names; its message would be above"
  fi
  if [[ -z $stop_asked ]] && lock_is_kept; then
    # Slurm requeues a job whose node it cannot reach, although its script and ranks may still run there.
    if is_number "${SLURM_RESTART_COUNT:-}" && ((SLURM_RESTART_COUNT > 0)); then
      into_the_queue "an earlier launch of this job still runs (see $store_lock)" 5 "; requeued until it has ended"
    fi
    say "another run holds the store (see $store_lock): submit again when that run has ended"
    exit 5
  fi
  local check=(plan "$config")
  if [[ $MTLGRID_COMMAND == extract ]]; then check=(extract "$config" --check); fi
  if [[ -z $stop_asked ]]; then "$MTLGRID_BINARY" "${check[@]}" >/dev/null || status=$?; fi
  if ((status == 2)); then die "$config: fix the problems listed above and submit again"; fi
  if ((status == 5)); then
    say "a person must act first, see above; then submit again"
    exit 5
  fi
  requeue "the run ended without $store_done (coordinator killed?)" 4
}

# The report is in the log; a rehearsal is not repeated.
finish_rehearsal() {
  local status='' input=0
  if [[ -n $mpirun_pid ]]; then status=$(json_number "$ended" status); fi # otherwise the file is from an earlier rehearsal
  case $status in
    0) say "the rehearsal found no problems" ;;
    1) say "the rehearsal found problems, see its report above" ;;
    *)
      status=4
      "$MTLGRID_BINARY" plan "$config" >/dev/null || input=$?
      if ((input == 2)); then die "$config: fix the problems listed above and rehearse again"; fi
      say "the rehearsal ended without a report, see above"
      ;;
  esac
  exit "$status"
}

trap pass_on USR1 TERM
load_modules
ask_paths "$config"
ended=$store_done
if [[ -n $MTLGRID_REHEARSE ]]; then
  ended=$rehearsal_done
  order=(--rehearse "$MTLGRID_REHEARSE")
fi
if [[ -z $stop_asked ]]; then
  start_grid
  if [[ -z $MTLGRID_REHEARSE ]]; then start_guard; fi
  if [[ -n $stop_asked ]]; then kill -USR1 "$mpirun_pid" 2>/dev/null || true; fi # the signal came between the two lines
  await_end
fi

if [[ -n $MTLGRID_REHEARSE ]]; then finish_rehearsal; fi
case $(json_number "$store_done" status) in
  0) finish 0 ;;
  1) finish 1 ;;
  2) die "bad configuration or input: fix the problems listed above and submit again" ;;
  3) requeue "stopped with work left" 3 ;;
  5)
    say "a person must act first, see above (disk full, or another run holds the store); then submit again"
    exit 5
    ;;
  '') without_status ;;
  *)
    say "internal error, see above; submit again to continue"
    exit 4
    ;;
esac
