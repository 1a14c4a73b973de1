#!/usr/bin/env bash
# A real Slurm of one node on loopback, as root, without systemd, cgroups and accounting; for tests.
#   slurm_node.sh start FOLDER    daemons, state and logs in FOLDER (a short path); then export SLURM_CONF=FOLDER/slurm.conf
#   slurm_node.sh stop FOLDER     ends the daemons of that FOLDER, and no other
# Partitions: low (default) and high, which preempts low by requeue. One GPU that is none (/dev/null).
set -euo pipefail
mode=$1 folder=$2
host=$(hostname -s)

# stop_daemon NAME: ends it by its pid file, if that is still the same program.
stop_daemon() {
    local pid
    pid=$(cat "$folder/$1.pid" 2>/dev/null) || return 0
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || return 0
    kill "$pid"
    for _ in $(seq 100); do
        # gone, or ended and nobody's child
        grep -q '^State:[^Z]*$' "/proc/$pid/status" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
}

if [ "$mode" = stop ]; then
    for name in slurmd slurmctld munged; do stop_daemon $name; done
    exit 0
fi

free_ports() {
    python3 -c 'import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))'
}
read -r controller_port node_port < <(free_ports)

mkdir -p "$folder"/{spool,state,munge}
chmod 755 "$folder" "$folder/munge"
head -c 1024 /dev/urandom >"$folder/munge/munge.key"
chmod 400 "$folder/munge/munge.key"
munged --force --num-threads=2 --key-file="$folder/munge/munge.key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munge/munged.log" --seed-file="$folder/munge/munged.seed" 2>/dev/null

echo "NodeName=$host Name=gpu File=/dev/null" >"$folder/gres.conf"
memory_mib=$(($(awk '/MemTotal/{print $2}' /proc/meminfo) / 1024 - 256))
cat >"$folder/slurm.conf" <<CONF
ClusterName=wetgate
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=$controller_port
SlurmdPort=$node_port
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CryptoType=crypto/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/jobcomp.log
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=1,batch_sched_delay=0
GresTypes=gpu
ReturnToService=2
KillWait=5
JobRequeue=1
MaxArraySize=${SLURM_NODE_MAX_ARRAY:-1001}
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
Licenses=wetgate:2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory_mib Gres=gpu:1 Feature=avx2,big State=UNKNOWN
PartitionName=low Nodes=$host Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=high Nodes=$host Default=NO MaxTime=INFINITE State=UP PriorityTier=10
CONF
export SLURM_CONF=$folder/slurm.conf
slurmctld
slurmd
for _ in $(seq 100); do
    if sinfo -h -o %T 2>/dev/null | grep -q idle; then exit 0; fi
    sleep 0.2
done
echo "Slurm's node did not come up:"
tail -n 5 "$folder/slurmctld.log" "$folder/slurmd.log"
exit 1
