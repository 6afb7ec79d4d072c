#!/bin/sh
# Puts a Node that package.json's `engines` allows behind the name `node`, for everything that npm runs here.
# The system's own serves when it is new enough. Else npm fetches the one whose version and hash stand in
# src/dev/node/package-lock.json, and node_modules/.bin, which npm puts first in the PATH, gets a link to it.
set -eu
cd "$(dirname "$0")/../.."

link=node_modules/.bin/node
ours=src/dev/node/node_modules

fits() {
  "$1" -e '
    const least = require("./package.json").engines.node.match(/\d+/g).map(Number);
    const [major, minor] = process.versions.node.split(".").map(Number);
    // Node 23 strips types only since 23.6.
    process.exit((major - least[0] || minor - least[1]) >= 0 && process.features.typescript ? 0 : 1);
  ' 2>/dev/null
}

system_node() {
  PATH=$(printf %s "$PATH" | tr : '\n' | grep -v '/node_modules/\.bin$' | paste -sd : -) command -v node
}

# A linked folder belongs to another checkout, which has chosen.
if [ -L node_modules ] && [ -x "$link" ] && fits "$link"; then exit 0; fi
if node=$(system_node) && fits "$node"; then
  [ -L node_modules ] || rm -f "$link"
  exit 0
fi
# Already fetched, and still the version that is pinned.
if [ -x "$link" ] && [ "$ours/.package-lock.json" -nt src/dev/node/package-lock.json ] && fits "$link"; then exit 0; fi

echo "cellos-relay: fetching a Node for this project, since $("${node:-node}" --version 2>/dev/null || echo none) is older than it needs" >&2
npm ci --prefix src/dev/node --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
for candidate in "$ours"/node-*/bin/node; do
  fits "$candidate" || continue
  touch "$ours/.package-lock.json"
  mkdir -p node_modules/.bin
  ln -sf "../../$candidate" "$link"
  exit 0
done
echo "cellos-relay: npm could not fetch a Node that runs here: install Node 22.18 or newer." >&2
exit 1
