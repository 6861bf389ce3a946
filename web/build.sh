#!/usr/bin/env bash
# Builds the npm package in web/pkg: two wasm files and the JavaScript around them. Fails if a file is too large.
#
# The compiler is rustup's, with the target wasm32-unknown-unknown, or Debian's, with the packages rustc-web, rust-web-src
# and lld: that one builds the standard library from source. POLYPHASE_WASM=debian chooses the latter.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

target=wasm32-unknown-unknown
cargo=cargo
build_std=()
if [ "${POLYPHASE_WASM:-}" != debian ] && command -v rustup >/dev/null && rustup target add $target >/dev/null 2>&1; then
    rustc=rustc
elif [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    rustc=/usr/bin/rustc
    cargo=/usr/bin/cargo
    export RUSTC=$rustc RUSTC_BOOTSTRAP=1
    build_std=(-Zbuild-std=std,panic_abort)
    # Debian's rustc has no linker for wasm of its own.
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
else
    echo "no compiler for $target: rustup target add $target, or apt-get install rustc-web rust-web-src lld" >&2
    exit 1
fi
"$rustc" --version

# The tool and the library must be of one version.
version=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock)
if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $version" ]; then
    # With the dependencies that it was published with, or, where an index lacks some of those, with newer or older ones.
    (unset RUSTC RUSTC_BOOTSTRAP
        cargo install --locked --quiet wasm-bindgen-cli --version "=$version" ||
            cargo install --quiet wasm-bindgen-cli --version "=$version")
fi

package=web/pkg
rm -rf $package
mkdir -p $package
flags='-C target-feature=+simd128'
for kind in cpu gpu; do
    features=()
    [ $kind = cpu ] || features=(--features gpu)
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags "$cargo" build --locked --quiet -p polyphase-web \
        --profile web --target $target "${features[@]}" "${build_std[@]}"
    wasm-bindgen --target web --no-typescript --remove-name-section --remove-producers-section --out-name polyphase --out-dir $package/$kind \
        "${CARGO_TARGET_DIR:-target}/$target/web/polyphase_web.wasm"
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
