# shellcheck shell=bash
# Values that differ between sites. The batch scripts source this file; it is the only file here that needs editing.
# Every value can be set in the environment instead. docs/slurm.md explains them.

# Modules to load, separated by blanks: those that the program was built with.
: "${MTLGRID_MODULES:=}"

# Resources to request from Slurm. Empty: Slurm's default.
: "${MTLGRID_PARTITION:=}"
: "${MTLGRID_ACCOUNT:=}"
: "${MTLGRID_NODES:=2}"
: "${MTLGRID_TASKS_PER_NODE:=4}" # ranks; each starts its share of the node's trainers
: "${MTLGRID_CPUS_PER_TASK:=1}"
: "${MTLGRID_GPUS_PER_NODE:=0}" # requested with --gres=gpu:N; the ranks of a node divide them
: "${MTLGRID_WALLTIME:=24:00:00}"
# Further options of sbatch, separated by blanks, e.g. "--qos=long".
: "${MTLGRID_SBATCH_ARGS:=}"

# Seconds before the end of the walltime at which the grid must stop: longest step + time to save + 90.
# `mtlgrid plan` prints it.
: "${MTLGRID_SIGNAL_SECONDS:=300}"
# Number of requeues without a further finished cell after which the job gives up.
: "${MTLGRID_REQUEUES:=3}"

# mpirun of Open MPI, and further options, separated by blanks: on a machine with fewer cores than ranks
# "--oversubscribe", as root "--allow-run-as-root".
: "${MTLGRID_MPIRUN:=mpirun}"
: "${MTLGRID_MPIRUN_ARGS:=}"

# The program, its command (`run`; `extract` computes the features of slides first), further options of that command, and the
# default configuration.
: "${MTLGRID_BINARY:=$MTLGRID_SLURM_DIR/../build/mtlgrid}"
: "${MTLGRID_COMMAND:=run}"
: "${MTLGRID_RUN_ARGS:=}"
: "${MTLGRID_CONFIG:=}"
# Minutes of a rehearsal. If set, the job rehearses instead of training.
: "${MTLGRID_REHEARSE:=}"
# The folder for tables. Empty: `tables` beside the store of the configuration.
: "${MTLGRID_TABLES:=}"

# Seconds between checks whether the grid has ended; seconds that mpirun gets to exit after that (it never exits after the
# loss of a node); seconds between TERM and KILL.
: "${MTLGRID_POLL_SECONDS:=5}"
: "${MTLGRID_GRACE_SECONDS:=60}"
: "${MTLGRID_KILL_SECONDS:=15}"
# Seconds between the checks of the other nodes whether Slurm still has the script's node.
: "${MTLGRID_GUARD_SECONDS:=60}"
# Seconds after which squeue or scontrol that does not answer is not waited for.
: "${MTLGRID_ASK_SECONDS:=60}"
# Seconds to watch the store's lock for a heartbeat of another run: a few times [cluster] heartbeat_seconds.
: "${MTLGRID_LOCK_SECONDS:=20}"
