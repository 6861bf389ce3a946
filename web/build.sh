#!/usr/bin/env bash
# Builds the npm package in web/pkg: two wasm files and the JavaScript around them. Fails if a file is too large.
# compiler.sh says which compilers will do.
set -euo pipefail
cd "$(dirname "$0")/.."
. web/compiler.sh

package=web/pkg
rm -rf $package
mkdir -p $package
for kind in cpu gpu; do
    features=()
    [ $kind = cpu ] || features=(--features gpu)
    build polyphase-web "${features[@]}"
    bind polyphase $package/$kind polyphase_web
done
cp web/js/* web/README.md LICENSE-* $package

status=0
for limit in cpu=300 gpu=900; do
    file=$package/${limit%=*}/polyphase_bg.wasm
    raw=$(stat -c %s "$file") packed=$(gzip -9 -c "$file" | wc -c)
    printf '%s: %d bytes, %d gzipped, of %d000 allowed\n' "$file" "$raw" "$packed" "${limit#*=}"
    [ "$packed" -le "${limit#*=}000" ] || status=1
done
[ $status = 0 ] || echo "a wasm file is too large" >&2
exit $status
