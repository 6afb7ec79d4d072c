#!/bin/sh
# Puts a Node that package.json's `engines` allows behind the name `node`, for everything that npm runs here.
# The system's own serves when it is new enough. Else npm fetches the one whose version and hash stand in
# src/dev/node/package-lock.json, and node_modules/.bin, which npm puts first in the PATH, gets a link to it.
set -eu
cd "$(dirname "$0")/../.."

link=node_modules/.bin/node
# Beside what is built: no part of src, and npm ci does not empty it.
ours=dist/node

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

# Links the fetched Node, if it is there and runs on this machine.
link_ours() {
  for candidate in "$ours"/node_modules/node-*/bin/node; do
    fits "$candidate" || continue
    mkdir -p node_modules/.bin
    ln -sf "../../$candidate" "$link"
    return
  done
  return 1
}

fail() {
  echo "cellos-relay: $*" >&2
  exit 1
}

if node=$(system_node) && fits "$node"; then
  [ -L node_modules ] || rm -f "$link"
  exit 0
fi
if [ -L node_modules ]; then
  # It belongs to another checkout.
  fits "$link" || fail "node_modules is a link, and there is no Node in it: run npm ci where it leads."
  exit 0
fi
if cmp -s src/dev/node/package-lock.json "$ours/package-lock.json" && link_ours; then exit 0; fi

echo "cellos-relay: fetching a Node for this project, since $("${node:-node}" --version 2>/dev/null || echo none) is older than it needs" >&2
mkdir -p "$ours"
cp src/dev/node/package.json src/dev/node/package-lock.json "$ours"
npm ci --prefix "$ours" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
link_ours || fail "npm could not fetch a Node that runs here: install Node 22.18 or newer."
