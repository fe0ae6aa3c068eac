#!/usr/bin/env bash
# Stops what start-s3.sh started in DIR, at once and without saving anything. DIR stays, with its logs.
set -euo pipefail

dir=$(cd "${1:?usage: stop-s3.sh DIR}" && pwd)
for name in rgw osd mon; do
  [ -f "$dir/$name.pid" ] || continue
  pid=$(cat "$dir/$name.pid")
  # A number may since belong to another process: only one that was told of DIR is ours.
  if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "CEPH_CONF=$dir/ceph.conf"; then
    kill -KILL "$pid" 2>/dev/null || true
  fi
  rm -f "$dir/$name.pid"
done
