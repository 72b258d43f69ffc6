# shellcheck shell=bash
# What differs from site to site: sourced by the batch scripts, and the only file here that needs editing.
# Every value can be set in the environment instead. docs/slurm.md explains them.

# Modules to load, separated by blanks: what the program was built against.
: "${MTLGRID_MODULES:=}"

# What is asked of Slurm. Empty: Slurm's default.
: "${MTLGRID_PARTITION:=}"
: "${MTLGRID_ACCOUNT:=}"
: "${MTLGRID_NODES:=2}"
: "${MTLGRID_TASKS_PER_NODE:=4}" # ranks; each supervises its share of the node's trainers
: "${MTLGRID_CPUS_PER_TASK:=1}"
: "${MTLGRID_GPUS_PER_NODE:=0}" # asked for with --gres=gpu:N; the ranks of a node divide them
: "${MTLGRID_WALLTIME:=24:00:00}"
# Further options of sbatch, separated by blanks, e.g. "--qos=long".
: "${MTLGRID_SBATCH_ARGS:=}"

# Seconds before the end of the walltime at which the grid is asked to stop: longest step + time to save + 90.
# `mtlgrid plan` prints it.
: "${MTLGRID_SIGNAL_SECONDS:=300}"
# Requeues without a further cell done, after which the job gives up.
: "${MTLGRID_REQUEUES:=3}"

# Open MPI, and further options of its mpirun, separated by blanks. On a machine with fewer cores than ranks
# "--oversubscribe", as root "--allow-run-as-root".
: "${MTLGRID_MPIRUN:=mpirun}"
: "${MTLGRID_MPIRUN_ARGS:=}"

# The program, further options of its command `run`, and the configuration if none is named on the command line.
: "${MTLGRID_BINARY:=$MTLGRID_SLURM_DIR/../build/mtlgrid}"
: "${MTLGRID_RUN_ARGS:=}"
: "${MTLGRID_CONFIG:=}"
# Minutes of a rehearsal, which is then made instead of the run.
: "${MTLGRID_REHEARSE:=}"
# The store and the folder for tables. Empty: as in the configuration, and `tables` beside the store.
: "${MTLGRID_STORE:=}"
: "${MTLGRID_TABLES:=}"

# How often the job looks whether the grid has ended; how long mpirun may take to end once the grid has (it never does
# after the loss of a node); how long it may take to obey TERM before KILL.
: "${MTLGRID_POLL_SECONDS:=5}"
: "${MTLGRID_GRACE_SECONDS:=60}"
: "${MTLGRID_KILL_SECONDS:=15}"
# How often the other nodes ask Slurm whether it still has the script's node.
: "${MTLGRID_GUARD_SECONDS:=60}"
# How long to look at the store's lock for a sign of life of another run: a few times [cluster] heartbeat_seconds.
: "${MTLGRID_LOCK_SECONDS:=20}"
