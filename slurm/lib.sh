# shellcheck shell=bash
# Functions that the batch scripts share. Source it after MTLGRID_SLURM_DIR is set to the folder of this file.

say() { printf 'mtlgrid job: %s\n' "$*" >&2; }

# Exits with status 2, which means bad usage or input, as in the program.
die() {
  say "$*"
  exit 2
}

# Whether $1 is a whole number that bash can compute with.
is_number() { [[ $1 =~ ^(0|[1-9][0-9]{0,14})$ ]]; }

# Sets and exports the values of site.sh. Those that are computed with must be numbers: bash would execute other text.
read_site() {
  local name
  set -a
  # shellcheck source=slurm/site.sh
  . "$MTLGRID_SLURM_DIR/site.sh"
  set +a
  for name in SIGNAL_SECONDS REQUEUES GRACE_SECONDS KILL_SECONDS LOCK_SECONDS ASK_SECONDS GPUS_PER_NODE; do
    name=MTLGRID_$name
    is_number "${!name}" || die "$name is '${!name}', expected a number"
  done
  for name in POLL_SECONDS GUARD_SECONDS; do
    name=MTLGRID_$name
    [[ ${!name} =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "$name is '${!name}', expected a number of seconds"
  done
}

# Prints the beginning of the plain file $1: no pipe is waited for, and no gigabytes are read. Fails if it is none.
contents_of() { [[ -f $1 && -r $1 ]] && head --bytes=65536 "$1"; }

# Removes the file $1. Whatever else is in its place ends the job: a person must move it.
remove_file() {
  rm -f "$1" 2>/dev/null || true
  if [[ -e $1 || -L $1 ]]; then
    say "$1 cannot be removed: move what is in its place elsewhere, then submit again"
    exit 5
  fi
}

# Runs a command of Slurm, for at most MTLGRID_ASK_SECONDS: a controller that does not answer is one that says nothing.
ask_slurm() {
  local status=0
  timeout --foreground --kill-after=5 "$MTLGRID_ASK_SECONDS" "$@" | head --bytes=65536 || status=$?
  if ((status == 124 || status == 137)); then say "$1 has not answered for $MTLGRID_ASK_SECONDS s"; fi
  return "$status"
}

# Prints the path of $1, which must be a readable file, so that it is good in any folder. It is not tidied up: what `..` means
# behind a symbolic link is the system's business.
absolute_file() {
  [[ -f $1 && -r $1 ]] || die "$1: no such file, or not readable"
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$PWD" "$1" ;;
  esac
}

# Sets the variables store, store_done, store_lock and rehearsal_done to what $1 says, which `mtlgrid paths` printed: lines
# NAME='VALUE', as the program quotes words for a shell. Fails, and sets nothing, if it is anything else: nothing of it is
# executed, and no path is guessed.
# shellcheck disable=SC2034  # for whoever calls it
take_paths() {
  local text=$1 name value
  local -A found=()
  while [[ -n $text ]]; do
    [[ $text =~ ^([a-z_]+)= ]] || return 1
    name=${BASH_REMATCH[1]} text=${text#*=} value=''
    while [[ -n $text && $text != $'\n'* ]]; do
      case $text in
        "'"*"'"*) text=${text#"'"} value+=${text%%"'"*} text=${text#*"'"} ;;
        "\\'"*) value+="'" text=${text:2} ;;
        [a-zA-Z0-9_./+:@%,=-]*) value+=${text:0:1} text=${text:1} ;;
        *) return 1 ;;
      esac
    done
    text=${text#$'\n'}
    found[$name]=$value
  done
  [[ ${found[store]:-} == /* ]] || return 1
  for name in store_done store_lock rehearsal_done; do
    [[ ${found[$name]:-} == "${found[store]}."?* ]] || return 1
  done
  store=${found[store]} store_done=${found[store_done]} store_lock=${found[store_lock]}
  rehearsal_done=${found[rehearsal_done]}
}

# Sets the variables that `mtlgrid paths` prints (docs/command-line.md) for the configuration $1: store, store_done, ...
# The program alone knows where a store and its files are.
ask_paths() {
  local answer status=0
  store=''
  command -v "$MTLGRID_BINARY" >/dev/null || die "$MTLGRID_BINARY cannot be started; see MTLGRID_BINARY in slurm/site.sh"
  answer=$("$MTLGRID_BINARY" paths "$1") || status=$?
  if ((status == 2)); then die "$1: fix the problems listed above and submit again"; fi
  if ((status != 0)); then
    say "$MTLGRID_BINARY paths $1 ended with status $status, see above"
    exit 4
  fi
  if ! take_paths "$answer"; then
    say "$MTLGRID_BINARY paths $1 printed something else than paths: '${answer:0:200}'. Let nothing else print there (modules," \
      "a wrapper script)"
    exit 4
  fi
  if [[ -n ${MTLGRID_STORE:-} && $MTLGRID_STORE != "$store" ]]; then
    die "MTLGRID_STORE is $MTLGRID_STORE, but $1 names $store, where the run writes: unset MTLGRID_STORE"
  fi
}

# Says what is wrong with the configuration $1, and the cell $2 where one is given, before anything is queued, if the program can
# say so here: it may need modules that only the job loads.
check_before_submission() {
  local answer status=0
  command -v "$MTLGRID_BINARY" >/dev/null || return 0
  answer=$("$MTLGRID_BINARY" paths "$@" 2>&1) || status=$?
  if ((status == 2)); then
    printf '%s\n' "$answer" >&2
    die "$1: fix the problems listed above; nothing was submitted"
  fi
}

# Prints the whole number in the field $2 of the JSON object in the file $1, which the program wrote (STORE.done, STORE.lock);
# prints nothing if the field or the file is missing.
json_number() {
  { contents_of "$1" || true; } | tr -d '\n\0' | sed -n 's/^{\(.*[,[:space:]]\)\{0,1\}"'"$2"'"[[:space:]]*:[[:space:]]*\(0\|[1-9][0-9]\{0,14\}\)[[:space:]]*[,}].*/\2/p'
}

load_modules() {
  local name
  for name in $MTLGRID_MODULES; do
    module load "$name" || die "cannot load module $name; see MTLGRID_MODULES in $MTLGRID_SLURM_DIR/site.sh"
  done
}

# Submits the script $1 to Slurm with $2 GPUs per node, the values of site.sh and further sbatch options up to `--`, followed
# by the script's arguments. Does not return.
submit() {
  local script=$1 gpus=$2 options=()
  shift 2
  [[ $gpus =~ ^[0-9]+$ ]] || die "MTLGRID_GPUS_PER_NODE is '$gpus', expected a number"
  ((gpus == 0)) || options+=("--gres=gpu:$gpus")
  command -v sbatch >/dev/null || die "sbatch not found: this script needs a Slurm cluster"
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  [[ -z $MTLGRID_PARTITION ]] || options+=("--partition=$MTLGRID_PARTITION")
  [[ -z $MTLGRID_ACCOUNT ]] || options+=("--account=$MTLGRID_ACCOUNT")
  options+=("--time=$MTLGRID_WALLTIME" "--cpus-per-task=$MTLGRID_CPUS_PER_TASK"
    "--signal=B:USR1@$MTLGRID_SIGNAL_SECONDS" --export=ALL)
  # shellcheck disable=SC2086  # the site's options are meant to be split
  exec sbatch "${options[@]}" $MTLGRID_SBATCH_ARGS "$script" "$@"
}
