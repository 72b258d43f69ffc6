# shellcheck shell=bash
# Functions that the batch scripts share. Source it after MTLGRID_SLURM_DIR is set to the folder of this file.

say() { printf 'mtlgrid job: %s\n' "$*" >&2; }

# Exits with status 2, which means bad usage or input, as in the program.
die() {
  say "$*"
  exit 2
}

# Sets and exports the values of site.sh.
read_site() {
  set -a
  # shellcheck source=slurm/site.sh
  . "$MTLGRID_SLURM_DIR/site.sh"
  set +a
}

# Prints the absolute path of $1, which must be a readable file.
absolute_file() {
  [[ -f $1 && -r $1 ]] || die "$1: no such file, or not readable"
  printf '%s/%s\n' "$(cd "$(dirname "$1")" && pwd)" "$(basename "$1")"
}

# Prints the value of [grid] store in the configuration $1, read as the program reads it: comments begin with # or ; at the
# start of a line or after white space, and a relative path is relative to the configuration. Fails if it is missing.
config_store() {
  local value
  value=$(LC_ALL=C awk '
    function trim(text) { gsub(/^[ \t\r\v\f]+|[ \t\r\v\f]+$/, "", text); return text }
    NR == 1 { sub(/^\357\273\277/, "") }
    {
      line = $0
      if (match(line, /(^|[ \t\r\v\f])[#;]/)) line = substr(line, 1, RSTART - 1)
      line = trim(line)
    }
    line ~ /^\[.*\]$/ { grid = trim(substr(line, 2, length(line) - 2)) == "grid"; next }
    grid && (equals = index(line, "=")) && trim(substr(line, 1, equals - 1)) == "store" {
      print trim(substr(line, equals + 1))
      exit
    }' "$1")
  case $value in
    '') return 1 ;;
    /*) printf '%s\n' "$value" ;;
    *) printf '%s/%s\n' "$(cd "$(dirname "$1")" && pwd)" "$value" ;;
  esac
}

# Prints the whole number in the field $2 of the JSON object in the file $1; prints nothing if the field or the file is missing.
json_number() {
  [[ -r $1 ]] || return 0
  tr -d '\n' <"$1" | sed -n 's/.*"'"$2"'"[[:space:]]*:[[:space:]]*\([0-9][0-9]*\).*/\1/p'
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
