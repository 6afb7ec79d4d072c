#!/bin/sh
# Packs the client, which is a package of its own: it needs an older Node than the project, and none of its packages.
#   npm run pack:client [-- --pack-destination folder]
set -eu
cd "$(dirname "$0")/../.."
package=dist/package

rm -rf "$package"
esbuild index=src/client/index.ts shared-worker=src/client/shared/shared-worker.ts \
  --bundle --minify --format=esm --target=es2022 --outdir="$package" --log-level=warning
tsc -p src/client/tsconfig.build.json
cp src/client/package.json LICENSE "$package"
(cd "$package" && npm pkg set "version=$npm_package_version")
npm pack "./$package" "$@"
