#!/bin/sh
# The first process of a machine of the cluster fixture (slurm_cluster.py): gives it its own name, /etc/hosts, /tmp and
# /dev/shm inside the namespaces it was started in, then reaps what others leave. Its end ends the machine.
#
#   slurm_node.sh NAME FOLDER SHARED...     FOLDER: the cluster's; SHARED: folders that all machines see
#
# Without a /tmp of its own the machines' PMIx files collide; without /dev/shm and a name of its own Open MPI takes two
# machines for one.
set -eu
name=$1 folder=$2
shift 2
hostname "$name"
ip link set lo up
mount --bind "$folder/hosts" /etc/hosts
tmp=$folder/tmp/$name
mkdir -p "$tmp"
chmod 1777 "$tmp"
for shared in "$@"; do
  case $shared in
    /tmp/*) # would vanish under the new /tmp
      mkdir -p "$tmp/${shared#/tmp/}"
      mount --rbind "$shared" "$tmp/${shared#/tmp/}"
      ;;
  esac
done
mount --rbind "$tmp" /tmp
mount -t tmpfs tmpfs /dev/shm
if [ "$name" = ctl ]; then mount -t tmpfs -o size=64m tmpfs "$folder/disk"; fi # before the others are made out of this
touch "$folder/ready-$name"
while :; do
  sleep 86400 &
  wait
done
