#!/usr/bin/env bash
# Starts a throwaway S3 server for the tests, in a few seconds: Ceph RGW over one monitor and one OSD in
# memory, on loopback, everything it writes in DIR. Prints the settings for a shell to evaluate:
#
#   eval "$(scripts/start-s3.sh DIR)"
#   scripts/stop-s3.sh DIR
#
# DIR must be empty or not exist. Needs the Debian packages radosgw, ceph-mon, ceph-osd and
# ceph-common, and Node. Nothing in it is meant to last: no replica, no disk, no TLS.
set -euo pipefail
umask 077

here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?usage: start-s3.sh DIR}
for program in ceph ceph-authtool ceph-mon ceph-osd monmaptool radosgw radosgw-admin node; do
  command -v "$program" >/dev/null || {
    echo "start-s3.sh: $program is missing; install radosgw ceph-mon ceph-osd ceph-common" >&2
    exit 1
  }
done
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
if [ -n "$(ls -A "$dir")" ]; then
  echo "start-s3.sh: $dir is not empty" >&2
  exit 1
fi

mkdir "$dir/mon" "$dir/osd" "$dir/rgw"
export CEPH_CONF=$dir/ceph.conf

failed() {
  echo "start-s3.sh: $1" >&2
  tail -n 20 "$dir"/*.out >&2 || true
  "$here/stop-s3.sh" "$dir"
  exit 1
}
trap 'failed "line $LINENO: \"$BASH_COMMAND\" failed"' ERR

free_ports() {
  node -e '
    const servers = [1, 2, 3].map(() => require("node:net").createServer().listen(0, "127.0.0.1"));
    Promise.all(servers.map(server => new Promise(done => server.once("listening", done)))).then(() => {
      process.stdout.write(servers.map(server => server.address().port).join(" "));
      for (const server of servers) server.close();
    });'
}
random() { node -p 'require("node:crypto").randomBytes(20).toString("hex")'; }

# Runs a daemon in its own session, so that it outlives this shell and holds none of its pipes.
daemon() {
  local name=$1
  shift
  setsid "$@" </dev/null >"$dir/$name.out" 2>&1 &
  echo $! >"$dir/$name.pid"
}

# Waits up to 60 s for a command to succeed while the daemon that it asks is alive.
await() {
  local name=$1
  shift
  for _ in $(seq 600); do
    if "$@" >/dev/null 2>&1; then return; fi
    kill -0 "$(cat "$dir/$name.pid")" 2>/dev/null || failed "$name ended"
    sleep 0.1
  done
  failed "$name did not answer within 60 s"
}

ports=$(free_ports)
read -r mon_port mon_legacy_port rgw_port <<<"$ports"
mon_address="[v2:127.0.0.1:$mon_port,v1:127.0.0.1:$mon_legacy_port]"
fsid=$(node -p 'require("node:crypto").randomUUID()')
osd_uuid=$(node -p 'require("node:crypto").randomUUID()')

cat >"$CEPH_CONF" <<CONF
[global]
fsid = $fsid
mon host = $mon_address
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = $dir/admin.keyring
run dir = $dir
admin socket = $dir/\$name.\$pid.asok
log file = $dir/\$name.log
pid file =
crash dir = $dir/crash
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
paxos propose interval = 0.05
paxos min wait = 0.01
mon osd initial require min compat client = luminous
[mon]
mon data = $dir/mon
mon cluster log file = $dir/cluster.log
mon data avail warn = 1
mon data avail crit = 1
[mon.a]
keyring = $dir/mon/keyring
[osd]
osd data = $dir/osd
keyring = $dir/osd/keyring
osd objectstore = memstore
memstore device bytes = 4294967296
osd class update on start = true
osd scrub load threshold = 0.01
[client.rgw]
keyring = $dir/rgw/keyring
rgw frontends = beast endpoint=127.0.0.1:$rgw_port
rgw enable usage log = false
rgw enable ops log = false
rgw run sync thread = false
CONF

ceph-authtool --create-keyring "$dir/admin.keyring" --gen-key --name client.admin \
  --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' --cap mds 'allow *' >/dev/null
ceph-authtool --create-keyring "$dir/rgw/keyring" --gen-key --name client.rgw \
  --cap mon 'allow rw' --cap osd 'allow rwx' >/dev/null
ceph-authtool --create-keyring "$dir/osd/keyring" --gen-key --name osd.0 \
  --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd' >/dev/null
# The monitor is born with every key, so that none has to be handed to it later.
ceph-authtool --create-keyring "$dir/mon.keyring" --gen-key --name mon. --cap mon 'allow *' >/dev/null
for keyring in admin.keyring rgw/keyring osd/keyring; do
  ceph-authtool "$dir/mon.keyring" --import-keyring "$dir/$keyring" >/dev/null
done
monmaptool --create --fsid "$fsid" --addv a "$mon_address" "$dir/monmap" >/dev/null

ceph-mon --id a --mkfs --monmap "$dir/monmap" --keyring "$dir/mon.keyring" >"$dir/mkfs.out" 2>&1
daemon mon ceph-mon --id a -f
await mon ceph --connect-timeout 5 mon stat

ceph osd new "$osd_uuid" 0 >/dev/null 2>&1
ceph-osd --id 0 --mkfs --osd-uuid "$osd_uuid" >>"$dir/mkfs.out" 2>&1
daemon osd ceph-osd --id 0 -f
osd_is_up() { ceph osd stat | grep -q '1 up'; }
await osd osd_is_up

daemon rgw radosgw --name client.rgw -f
rgw_answers() { (: <"/dev/tcp/127.0.0.1/$rgw_port"); }
await rgw rgw_answers

access_key=$(random)
secret_key=$(random)
radosgw-admin --name client.rgw user create --uid test --display-name test \
  --access-key "$access_key" --secret-key "$secret_key" >/dev/null 2>"$dir/user.out"

cat <<SETTINGS
export S3_TEST_ENDPOINT=http://127.0.0.1:$rgw_port
export AWS_ACCESS_KEY_ID=$access_key
export AWS_SECRET_ACCESS_KEY=$secret_key
export AWS_REGION=us-east-1
SETTINGS
